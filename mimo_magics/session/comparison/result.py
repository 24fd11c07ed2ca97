"""The replies of a comparison as a value: shown side by side, told apart, read as a frame, taken over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.document import comparison_cards, diff as difference
from mimo_magics.document.comparison_cards import Column
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.session.comparison.runner import RunningComparison
from mimo_magics.session.request import Prompt
from mimo_magics.session.turn import Turn

if TYPE_CHECKING:  # pandas is the person's; a session makes comparisons
    import pandas as pd

    from mimo_magics.session.session import Session

NEXT_STEPS_CAPTION = Translatable(
    "Any two: _.diff(1, 2) · as a frame: _.to_frame() · as the next turn: _.adopt(1)"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the replies."""

    title: str
    """What sets it apart from the others."""
    options: Mapping[str, Any]
    """The settings that were compared."""
    turn: Turn | None = None
    """`None` when nothing came."""
    failure: str = ""
    """Why it failed."""
    notices: tuple[str, ...] = ()
    """Quiet lines about its turn."""

    @property
    def reply(self) -> Reply | None:
        """What came."""
        return self.turn.reply if self.turn and self.turn.is_in_history else None


@dataclass(frozen=True, slots=True)
class DisplayBundle:
    """What a front end shows in its own way."""

    bundle: Mapping[str, str]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {**self.bundle, "text/plain": replace_unencodable_characters(self.bundle["text/plain"])}

    def __repr__(self) -> str:
        return self.bundle["text/plain"]


def build_candidates(running: RunningComparison) -> Iterator[Candidate]:
    """Yield the replies as far as they came."""
    for index, variant in enumerate(running.variants):
        failure = running.failures.get(index)
        running_turn = running.running_turns.get(index)
        yield Candidate(
            variant.title,
            variant.options,
            running.turns.get(index),
            failure.message if failure else "",
            running_turn.notices if running_turn else (),
        )


class Comparison:
    """Replies to one prompt. `comparison[1]` is the first of them.

    Args:
        prompt: what was asked.
        candidates: the replies, in the order of their numbers.
        session: which they may be taken over into.
        past: the turns that they follow.
        display_options: how to show them.
        cell: who asked, as the turn that is taken over shall tell; somebody new when it is empty.
    """

    def __init__(
        self,
        prompt: Prompt,
        candidates: Iterable[Candidate],
        session: Session,
        past: Sequence[Turn],
        *,
        display_options: DisplayOptions = DisplayOptions(),
        cell: str = "",
    ) -> None:
        self.prompt = prompt
        self.candidates = tuple(candidates)
        self.session = session
        """That one of them may be taken over into."""
        self._past = past
        self._display_options = display_options
        self._cell = cell or uuid4().hex[:12]

    def __len__(self) -> int:
        return len(self.candidates)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.candidates)

    def __getitem__(self, number: int) -> Reply:
        reply = self._get_candidate(number).reply
        if reply is None:
            raise BadOption(
                Translatable("Reply {number} did not come.", number=number),
                self._get_candidate(number).failure,
            )
        return reply

    def __repr__(self) -> str:
        return f"<Comparison of {len(self)} replies>"

    def adopt(self, number: int) -> Reply:
        """Make a reply the next turn of the session; another one of them that was that is replaced.

        Raises:
            BadOption: there is no such reply, or the conversation went on meanwhile.
        """
        reply, turn = self[number], self._get_candidate(number).turn
        assert turn
        self.session.adopt(replace(turn, cell=self._cell), self._past)
        return reply

    def diff(self, one: int, other: int) -> DisplayBundle:
        """Return how the words of two replies differ.

        Raises:
            BadOption: there is no such reply.
        """
        titled_texts = (
            (f"{number} · {translate(self._get_candidate(number).title)}", self[number].text)
            for number in (one, other)
        )
        return DisplayBundle(difference.diff_bundle(*titled_texts))

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each reply, also for those that did not come.

        The columns are the number, the settings that were compared, the text, the reasoning, why the reply ended,
        tokens of input, cached input and output, seconds to the first token and in all, the cost in US dollars, and
        why it failed.

        Raises:
            BadOption: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise BadOption(Translatable("pandas is not installed."), "pip install pandas") from None
        return pd.DataFrame([_build_frame_row(each) for each in self.candidates], index=self._numbers)

    def show(self) -> DisplayBundle:
        """Return the replies side by side."""
        return DisplayBundle(self._bundle)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.show()._repr_mimebundle_()

    @cached_property
    def _bundle(self) -> dict[str, str]:
        columns = (Column(each.title, each.reply, each.failure, each.notices) for each in self.candidates)
        return comparison_cards.comparison_bundle(
            tuple(columns), display_options=self._display_options, caption=NEXT_STEPS_CAPTION
        )

    @property
    def _numbers(self) -> range:
        return range(1, len(self) + 1)

    def _get_candidate(self, number: int) -> Candidate:
        if number not in self._numbers:
            raise BadOption(
                Translatable("There is no reply {number}.", number=number),
                Translatable("There are {count}, from 1.", count=len(self)),
            )
        return self.candidates[number - 1]


def _build_frame_row(candidate: Candidate) -> dict[str, Any]:
    reply = candidate.reply
    usage, timing = reply.usage if reply else None, reply.timing if reply else None
    return {
        **candidate.options,
        "text": reply.text if reply else None,
        "reasoning": reply.reasoning if reply else None,
        "ended": reply.stop if reply else None,
        "input": usage.input if usage else None,
        "cached": usage.cached if usage else None,
        "output": usage.output if usage else None,
        "first": timing.time_to_first_token if timing else None,
        "seconds": timing.total if timing else None,
        "cost": reply.cost if reply else None,
        "failure": candidate.failure or None,
    }
