"""The sessions of a kernel, by name. One of them is the current one: prompts go there unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import quote
from mimo_magics.session.defaults import SettingsProvider, get_default_settings
from mimo_magics.session.session import Session
from mimo_magics.session.session_names import DEFAULT_SESSION_NAME, MAX_NAME_CHARS, SESSION_NAME_PATTERN


class Sessions:
    """The sessions of one kernel.

    Args:
        default_settings: returns the settings of the kernel, which its sessions may override.
    """

    def __init__(self, default_settings: SettingsProvider = get_default_settings) -> None:
        self._default_settings = default_settings
        self._sessions = {DEFAULT_SESSION_NAME: self._create(DEFAULT_SESSION_NAME)}
        self.current = self._sessions[DEFAULT_SESSION_NAME]

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def list(self) -> tuple[str, ...]:
        """Return their names."""
        return tuple(self._sessions)

    def get(self, name: str) -> Session:
        """Return the session of this name.

        Raises:
            BadOption: there is none.
        """
        if name not in self._sessions:
            advice = did_you_mean(
                name, self._sessions, Translatable("Available: {names}.", names=", ".join(self._sessions))
            )
            raise BadOption(Translatable("Session {name!r} does not exist.", name=name), advice)
        return self._sessions[name]

    def get_or_create(self, name: str) -> Session:
        """Return the session of this name, a new one if there is none.

        Raises:
            BadOption: it cannot be a name.
        """
        if name not in self._sessions:
            self._sessions[self._check_name(name)] = self._create(name)
        return self._sessions[name]

    def new(self, name: str) -> Session:
        """Begin a session and go on in it; if it is there already, open a branch from its root.

        Raises:
            BadOption: it cannot be a name.
        """
        exists = name in self._sessions
        self.current = self.get_or_create(name)
        if exists:
            self.current.start_branch()
        return self.current

    def add(self, session: Session) -> Session:
        """Take a session in and go on in it.

        Raises:
            BadOption: there is one of its name, in which something was said, or it cannot be a name.
        """
        name = self._check_name(session.name)
        if name in self._sessions and self._sessions[name].history.all_turns:
            raise BadOption(
                Translatable("Session {name!r} already exists.", name=name),
                Translatable("Rename it first: %mimo_session rename {name} NAME", name=name),
            )
        session.default_settings = self._default_settings
        self._sessions[name] = self.current = session
        return session

    def switch(self, name: str) -> Session:
        """Go on in another session.

        Raises:
            BadOption: there is none of this name.
        """
        self.current = self.get(name)
        return self.current

    def rename(self, name: str, new_name: str) -> None:
        """Give a session another name.

        Raises:
            BadOption: there is none, or the other name is taken or cannot be one.
        """
        session = self.get(name)
        if new_name in self._sessions:
            raise BadOption(
                Translatable("Session {name!r} already exists.", name=new_name),
                Translatable("Choose another name."),
            )
        self._sessions = {
            self._check_name(new_name) if each == name else each: it for each, it in self._sessions.items()
        }
        session.name = new_name
        session.file = None  # the file keeps its name, and what it holds

    def delete(self, name: str) -> None:
        """Forget a session; its file stays. In the place of the last one comes an empty one.

        Raises:
            BadOption: there is none.
        """
        session = self.get(name)
        del self._sessions[name]
        if not self._sessions:
            self._sessions[DEFAULT_SESSION_NAME] = self._create(DEFAULT_SESSION_NAME)
        if session is self.current:
            self.current = next(iter(self))

    def _create(self, name: str) -> Session:
        session = Session(name=name)
        session.default_settings = self._default_settings
        return session

    def _check_name(self, name: str) -> str:
        if not SESSION_NAME_PATTERN.fullmatch(name):
            raise BadOption(
                Translatable("{name!r} is not a valid session name.", name=quote(name, MAX_NAME_CHARS)),
                Translatable("Use letters, digits, dots and dashes, and not only digits."),
            )
        return name
