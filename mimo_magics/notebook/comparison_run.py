"""A cell that compares, on its way: what it may cost, what is heard of it, and the document that it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.errors import BadOption, Interrupted, MimoError
from mimo_magics.core.events import Event
from mimo_magics.core.i18n import Words, say
from mimo_magics.core.renderer_protocol import ComparingSurface
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document.reply import Look
from mimo_magics.notebook.comparison_request import GridRequest
from mimo_magics.session.comparison.estimate import EXPECTED, Estimate, expected_cost
from mimo_magics.session.comparison.result import Comparison, candidates
from mimo_magics.session.comparison.runner import RunningComparison
from mimo_magics.session.dry_run import Draft
from mimo_magics.session.limits.budget import Budget
from mimo_magics.session.session import Session

COMMANDS: Mapping[str, int] = {"show": 0, "diff": 2, "adopt": 1}
"""What `%mimo_compare` can do with the last comparison, and how many numbers of replies follow."""


@dataclass(frozen=True, slots=True)
class Command:
    """One of them."""

    name: str
    numbers: tuple[int, ...]


def command(line: str) -> Command:
    """Read a line of `%mimo_compare`.

    Raises:
        BadOption: it is none.
    """
    name, *words = line.split() or ["show"]
    if name not in COMMANDS:
        advice = did_you_mean(name, COMMANDS, Words("A prompt goes below %%mimo_compare."))
        raise BadOption(Words("There is no %mimo_compare {name}.", name=name), advice)
    if len(words) != COMMANDS[name] or not all(word.isdecimal() for word in words):
        raise BadOption(
            Words("%mimo_compare {line} is not complete, or too much.", line=line.strip()),
            Words("See %mimo_compare?."),
        )
    return Command(name, tuple(map(int, words)))


class Comparing:
    """A cell's prompt between being read and all of its answers."""

    def __init__(
        self, request: GridRequest, session: Session, surface: ComparingSurface, look: Look, cell: str
    ) -> None:
        self.surface = surface
        self._request = request
        self._session = session
        self._past = session.history.before(cell).turns if request.keep else ()
        self._look = look
        self._cell = cell
        self._running: RunningComparison | None = None
        self.comparison: Comparison | None = None
        """What came, when it is over and something did."""

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[RunningComparison]:
        """Ask."""
        request = self._request
        asked = self._session.comparing(
            request.prompt, request.variants, past=self._past, at_once=request.at_once, **request.settings
        )
        async with asked as self._running:
            yield self._running

    async def answered(self) -> None:
        """Let all of them be answered, and shown while they come."""
        async with self.opening() as running:
            async for place, event in running:
                self.hear(place, event)

    def hear(self, place: int, event: Event | None) -> None:
        """Show what happens to one of them, or that it is over."""
        if event:
            self.surface.show(place, event)
        else:
            assert self._running
            failure = self._running.failures.get(place)
            self.surface.over(place, say(failure.message) if failure else "")

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Leave the document behind, however it ends.

        Raises:
            MimoError: all of them failed.
            Interrupted: the cell was stopped; in a cell that awaits it comes as a cancellation.
        """
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise Interrupted(
                Words("The comparison was stopped; {came} of the replies came.", came=self.came)
            ) from None
        finally:
            if self.came:
                self.comparison = self._made()
                self.surface.finish(self.comparison.show().bundle, {})
            else:
                self.surface.clear()
        assert self._running
        self._running.check()

    def _made(self) -> Comparison:
        assert self._running
        found = candidates(self._running)
        return Comparison(
            self._request.prompt, found, self._session, self._past, look=self._look, cell=self._cell
        )

    @property
    def came(self) -> int:
        """How many replies came, or a part of them."""
        turns = self._running.turns.values() if self._running else ()
        return sum(turn.kept for turn in turns)


def approved(
    request: GridRequest, session: Session, ask: Callable[[str], str] | None, cell: str = ""
) -> None:
    """Ask a person before much is spent.

    Args:
        request: what the cell wants.
        session: that it asks in.
        ask: asks a person; `None` where nobody is.
        cell: the one that asks.

    Raises:
        BadOption: the person does not want it, nobody can be asked, or the bound cannot be read.
    """
    about = Estimate.of([expected_cost(each) for each in _drafts(request, session, cell)])
    if not about.exceeds(Budget.read(request.ask_above)):
        return
    told = Words(
        "{calls} calls, about {estimate} with {expected:,} tokens for each answer",
        calls=len(request.variants),
        estimate=about.told,
        expected=EXPECTED,
    )
    if ask is None:
        raise BadOption(
            Words("The comparison makes {told}.", told=told),
            Words("Allow it by a higher bound: --ask-above '5 USD'"),
        )
    said = say(told)
    question = say("{told}. Go on? [y/N] ", told=f"{said[0].upper()}{said[1:]}")
    if ask(question).strip().lower() not in ("y", "yes"):
        raise BadOption(
            Words("Nothing was asked."), Words("--ask-above changes from which amount on you are asked.")
        )


def _drafts(request: GridRequest, session: Session, cell: str) -> Iterator[Draft]:
    """Yield what would be sent; a variant that cannot be fails later, in its column."""
    for variant in request.variants:
        options: dict[str, Any] = {**request.settings, **variant.options}
        with suppress(MimoError):
            yield session.draft(request.prompt, keep=request.keep, tools=(), cell=cell, **options)
