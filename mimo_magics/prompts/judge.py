"""The judge: a model that decides whether a text meets a criterion, called in the asserts of a check.

An assert cannot wait for a model without blocking the kernel. So the first run of an assert collects its questions to
the judge; the calls are made together, and the assert is run again with their verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Part, Reply, TextPart
from mimo_magics.core.text import quote, quote_value
from mimo_magics.prompts.assertion import VerdictMissing
from mimo_magics.prompts.prompt_text import fill_prompt, read_prompt_text

SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "meets": {"type": "boolean"}},
    "required": ["reason", "meets"],
}
MAX_TEXT_CHARS = 50_000
MAX_REASON_CHARS = 200


@dataclass(frozen=True, slots=True)
class Question:
    """A criterion, and the text to judge by it."""

    criterion: str
    text: str

    @property
    def prompt(self) -> tuple[Part, ...]:
        """The parts of the prompt."""
        slots = {"question": (TextPart(self.criterion),), "text": (TextPart(self.text),)}
        return fill_prompt(read_prompt_text("judge", None), slots, tuple(slots))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of the judge."""

    meets: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """A verdict, and the label of the user for the same text."""

    verdict: Verdict
    label: bool | None = None
    """The label of the user; `None` if the row has none."""


class Judge:
    """The function `judge` of a check: `judge("Is it polite?", reply, label=case["polite"])`."""

    def __init__(self) -> None:
        self.verdicts: dict[Question, Verdict | MimoError] = {}
        """The verdicts, or the errors of their calls."""
        self.pending: dict[Question, None] = {}
        """The questions without a verdict, in their order."""
        self.ratings: list[Rating] = []
        """The verdicts that were returned since the list was cleared."""

    def __call__(self, criterion: str, text: object, *, label: object = None) -> bool:
        """Return whether a text meets a criterion.

        Args:
            criterion: a question or a sentence.
            text: the reply, or another value.
            label: whether the user thinks so: `True`, `False`, or `None` for a row without a label.

        Raises:
            VerdictMissing: the verdict must be requested first.
            MimoError: its call failed.
            BadOption: the label has another value.
        """
        rated = read_label(label)
        question = Question(str(criterion), _as_text(text))
        if question not in self.verdicts:
            self.pending[question] = None
            raise VerdictMissing
        verdict = self.verdicts[question]
        if isinstance(verdict, MimoError):
            raise verdict
        self.ratings.append(Rating(verdict, rated))
        return verdict.meets

    def take_pending(self) -> tuple[Question, ...]:
        """Return the questions without a verdict, and remove them."""
        questions = tuple(self.pending)
        self.pending.clear()
        return questions


def read_verdict(reply: Reply) -> Verdict | MimoError:
    """Return the verdict of a reply, or an error if it has none."""
    value = reply.value
    if isinstance(value, Mapping) and isinstance(value.get("meets"), bool):
        return Verdict(value["meets"], quote(" ".join(str(value.get("reason")).split()), MAX_REASON_CHARS))
    return BadOption(Translatable("The judge gave no verdict."))


def read_label(label: object) -> bool | None:
    """Return a label of the user. Data frames write a missing one as NaN or NA.

    Raises:
        BadOption: it is not a truth value.
    """
    if label is None or (isinstance(label, float) and isnan(label)) or type(label).__name__ == "NAType":
        return None
    # NumPy has its own type of truth values, which is equal to that of Python.
    if label in (True, False):
        return bool(label)
    raise BadOption(
        Translatable("{label} is not a label of a judge.", label=quote_value(label, 60)),
        Translatable("Use True, False, or None for a row without a label."),
    )


def _as_text(value: object) -> str:
    text = value.text if isinstance(value, Reply) else value if isinstance(value, str) else repr(value)
    return text[:MAX_TEXT_CHARS]
