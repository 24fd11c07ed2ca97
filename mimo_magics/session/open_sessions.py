"""The sessions of a kernel, by name. One of them is the current one: prompts go there unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.session.session import Session
from mimo_magics.session.session_names import MAIN, NAME


class Sessions:
    """All of them."""

    def __init__(self) -> None:
        self._all = {MAIN: Session()}
        self.current = self._all[MAIN]

    def __iter__(self) -> Iterator[Session]:
        return iter(self._all.values())

    def list(self) -> tuple[str, ...]:
        """Return their names."""
        return tuple(self._all)

    def get(self, name: str) -> Session:
        """Return the session of this name.

        Raises:
            BadOption: there is none.
        """
        if name not in self._all:
            advice = did_you_mean(name, self._all, Words("There are: {names}.", names=", ".join(self._all)))
            raise BadOption(Words("There is no session {name}.", name=name), advice)
        return self._all[name]

    def named(self, name: str) -> Session:
        """Return the session of this name, a new one if there is none.

        Raises:
            BadOption: it cannot be a name.
        """
        if name not in self._all:
            self._all[self._checked(name)] = Session(name=name)
        return self._all[name]

    def new(self, name: str) -> Session:
        """Begin a session and go on in it; if it is there already, begin a new conversation in it.

        Raises:
            BadOption: it cannot be a name.
        """
        self.current = self.named(name)
        if self.current.turns:
            self.current.begin()
        return self.current

    def add(self, session: Session) -> Session:
        """Take a session in and go on in it.

        Raises:
            BadOption: there is one of its name, in which something was said, or it cannot be a name.
        """
        name = self._checked(session.name)
        if name in self._all and self._all[name].history.all:
            raise BadOption(
                Words("There is a session {name} already.", name=name),
                Words("Rename it first: %mimo_session rename {name} NAME", name=name),
            )
        self._all[name] = self.current = session
        return session

    def switch(self, name: str) -> Session:
        """Go on in another session.

        Raises:
            BadOption: there is none of this name.
        """
        self.current = self.get(name)
        return self.current

    def rename(self, name: str, to: str) -> None:
        """Give a session another name.

        Raises:
            BadOption: there is none, or the other name is taken or cannot be one.
        """
        session = self.get(name)
        if to in self._all:
            raise BadOption(Words("There is a session {to} already.", to=to), Words("Choose another name."))
        self._all = {self._checked(to) if each == name else each: it for each, it in self._all.items()}
        session.name = to
        session.file = None  # the file keeps its name, and what it holds

    def delete(self, name: str) -> None:
        """Forget a session; its file stays. In the place of the last one comes an empty one.

        Raises:
            BadOption: there is none.
        """
        gone = self.get(name)
        del self._all[name]
        if not self._all:
            self._all[MAIN] = Session()
        if gone is self.current:
            self.current = next(iter(self))

    def _checked(self, name: str) -> str:
        if not NAME.fullmatch(name):
            raise BadOption(
                Words("{name!r} is no name for a session.", name=name),
                Words("Letters, digits, dots and dashes; not a number alone."),
            )
        return name
