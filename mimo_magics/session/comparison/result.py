"""The result of a comparison: its replies side by side, their differences, a data frame, and the choice of one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.document import comparison_cards, diff as difference
from mimo_magics.document.comparison_cards import Card
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.session.comparison.runner import RunningComparison
from mimo_magics.session.data_frame import build_frame
from mimo_magics.session.request import Prompt
from mimo_magics.session.turn import Turn

# pandas is optional, and a session imports this module.
if TYPE_CHECKING:
    import pandas as pd

    from mimo_magics.session.session import Session
    from mimo_magics.session.structured.result import StructuredReply

METHODS_CAPTION = Translatable("Diff: .diff(1, 2) · DataFrame: .to_frame() · Use as next turn: .adopt(1)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """The reply of one variant, or its error."""

    title: str
    """The settings that differ from the other variants, as text."""
    options: Mapping[str, Any]
    """The compared settings."""
    turn: Turn | None = None
    """The finished turn; `None` if there is none."""
    failure: str = ""
    """The error message; empty if there is none."""
    notices: tuple[str, ...] = ()
    """Notices about the turn."""
    context: tuple[ContextItem, ...] = ()
    """What the prompt sent beside its own text."""
    structured_reply: StructuredReply | None = None
    """The reply with its value, if the prompt has a schema."""

    @property
    def reply(self) -> Reply | None:
        """The reply, whole or partial."""
        if not self.turn or not self.turn.is_in_history:
            return None
        return self.structured_reply or self.turn.reply


@dataclass(frozen=True, slots=True)
class DisplayBundle:
    """A MIME bundle that displays itself."""

    bundle: Mapping[str, str]
    replies: tuple[Reply, ...] = ()
    notices: tuple[str, ...] = ()
    is_plain: bool = False

    def to_bundle(self, _: Collection[int] = ()) -> dict[str, str]:
        """Return the MIME bundle."""
        return dict(self.bundle)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {**self.bundle, "text/plain": replace_unencodable_characters(self.bundle["text/plain"])}

    def __repr__(self) -> str:
        return self.bundle["text/plain"]


def build_candidates(running: RunningComparison) -> Iterator[Candidate]:
    """Yield the reply or the error of each variant."""
    for index, variant in enumerate(running.variants):
        failure = running.failures.get(index)
        running_turn = running.running_turns.get(index)
        yield Candidate(
            variant.title,
            variant.options,
            running.turns.get(index),
            failure.message if failure else "",
            running_turn.notices if running_turn else (),
            running_turn.context if running_turn else (),
            running_turn.structured_reply if running_turn else None,
        )


class Comparison:
    """Several replies to one prompt. `comparison[1]` is the first.

    Args:
        prompt: the prompt.
        candidates: the replies, in the order of their numbers.
        session: the session that a reply can be adopted into.
        past: the turns before the prompt.
        display_options: how to show the replies.
        cell: the id of the cell, for the adopted turn; a new id if it is empty.
        next_steps: the line that names what can be done with the replies.
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
        next_steps: str = METHODS_CAPTION,
    ) -> None:
        self.prompt = prompt
        self.candidates = tuple(candidates)
        self.session = session
        self._past = past
        self._display_options = display_options
        self._cell = cell or uuid4().hex[:12]
        self._next_steps = next_steps

    def __len__(self) -> int:
        return len(self.candidates)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.candidates)

    def __getitem__(self, number: int) -> Reply:
        reply = self._get_candidate(number).reply
        if reply is None:
            raise BadOption(
                Translatable("There is no reply {number}: the call failed.", number=number),
                self._get_candidate(number).failure,
            )
        return reply

    def __repr__(self) -> str:
        return f"<Comparison of {len(self)} replies>"

    def adopt(self, number: int) -> Reply:
        """Make a reply the next turn of the session. It replaces a reply that was adopted before.

        Raises:
            BadOption: there is no such reply, or the session has newer turns.
        """
        reply, turn = self[number], self._get_candidate(number).turn
        assert turn
        self.session.adopt(replace(turn, cell=self._cell), self._past)
        return reply

    def diff(self, one: int, other: int) -> DisplayBundle:
        """Return the differences between the texts of two replies.

        Raises:
            BadOption: there is no such reply.
        """
        titled_texts = (
            (comparison_cards.card_heading(number, self._get_candidate(number).title), self[number].text)
            for number in (one, other)
        )
        return DisplayBundle(difference.diff_bundle(*titled_texts))

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with a row for each variant, also for failed calls.

        The index is the number of the reply. The columns are the compared settings, the text, the reasoning, the stop
        reason, the tokens of input, cached input and output, the seconds to the first token and in total, the cost in
        US dollars, and the error message. With a schema there are also the value and the list of its errors.

        Raises:
            BadOption: pandas is not installed.
        """
        return build_frame(map(_build_frame_row, self.candidates), self._numbers)

    def show(self) -> DisplayBundle:
        """Return the replies side by side."""
        return DisplayBundle(self._bundle)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.show()._repr_mimebundle_()

    @cached_property
    def _bundle(self) -> dict[str, str]:
        cards = (Card(each.title, each.reply, each.failure, each.notices) for each in self.candidates)
        return comparison_cards.comparison_bundle(
            tuple(cards),
            display_options=self._display_options,
            caption=self._next_steps,
            context=next((each.context for each in self.candidates if each.context), ()),
        )

    @property
    def _numbers(self) -> range:
        return range(1, len(self) + 1)

    def _get_candidate(self, number: int) -> Candidate:
        if number not in self._numbers:
            raise BadOption(
                Translatable("There is no reply {number}.", number=number),
                Translatable("The comparison has the replies 1 to {count}.", count=len(self)),
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
        **({"value": reply.value, "errors": list(reply.errors)} if reply and reply.result else {}),
    }
