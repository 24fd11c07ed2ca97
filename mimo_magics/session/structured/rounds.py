"""The rounds of a turn with a schema: the first response, one retry without JSON mode, and two repair rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mimo_magics.core.events import (
    Event,
    ResponseRestarted,
    ResponseStarted,
    Stopped,
    TextDelta,
)
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Message, Part, Reply, SchemaResult, TextPart
from mimo_magics.session.structured.reading import Reading, read_reply
from mimo_magics.session.structured.reask import RepairRequest, merge_repair, plan_repair
from mimo_magics.session.structured.result import (
    StructuredReply,
    StructuredResult,
    build_result,
    build_structured_reply,
)
from mimo_magics.session.structured.schema import ResultSchema
from mimo_magics.session.turn import Turn

MAX_REPAIRS = 2
COMPLETE_STOPS = ("end", "stop", "tool_calls")
"""Stop reasons of a response that the model ended itself."""


@dataclass(frozen=True, slots=True)
class NextRound:
    """A further request of the turn."""

    messages: tuple[Message, ...]
    """The messages after the prompt and the tool calls."""
    json_mode: bool
    notice: str


class ResultRounds:
    """Reads the responses of one turn, and decides whether a further request follows.

    Args:
        schema: what is expected.
        json_mode: whether the first request asks for JSON mode.
        as_frame: whether the value is a data frame.
    """

    def __init__(self, schema: ResultSchema, *, json_mode: bool, as_frame: bool = False) -> None:
        self._schema = schema
        self._as_frame = as_frame
        self._json_mode = json_mode
        self._pieces: list[str] = []
        self._texts: list[str] = []
        self._stop = ""
        self._reading = Reading()
        self._repair: RepairRequest | None = None
        self._repairs_left = MAX_REPAIRS
        self._is_unread = True

    def feed(self, event: Event) -> None:
        """Take an event of a response. Only the text of the last response counts."""
        match event:
            case ResponseStarted() | ResponseRestarted():
                self._pieces.clear()
                self._stop, self._is_unread = "", True
            case TextDelta(text):
                self._pieces.append(text)
            case Stopped(reason):
                self._stop = reason

    def plan_next(self) -> NextRound | None:
        """Read the response that ended, and return the next request, if one is needed."""
        text = "".join(self._pieces)
        if self._json_mode and not text.strip() and self._stop in COMPLETE_STOPS and not self._texts:
            self._json_mode = False
            notice = Translatable("The reply is empty. The request is sent again without JSON mode.")
            return NextRound((), json_mode=False, notice=notice)
        self._read()
        self._repair = plan_repair(self._reading, text, self._schema) if self._repairs_left else None
        if not self._repair:
            return None
        self._repairs_left -= 1
        return NextRound(self._repair.messages, self._json_mode, self._describe_repair(self._repair))

    def split_turn(self, turn: Turn, *, is_cached: bool) -> tuple[Turn, StructuredReply]:
        """Return the turn for the history, with the JSON of the result, and the reply for the user, with all texts.

        A turn with errors has no digest, so that its reply is not reused.
        """
        if is_cached:
            self._pieces, self._stop = [turn.reply.text], "end"
        result = self.build_result()
        fit = SchemaResult(self._schema.value_schema, result.errors, bool(result.json_text))
        turn = replace(turn, reply=replace(turn.reply, result=fit))
        reply = build_structured_reply(_replace_text(turn.reply, self.text), result)
        if result.json_text and turn.is_complete and not is_cached:
            turn = replace(turn, reply=_replace_text(turn.reply, result.json_text))
        return (replace(turn, digest="") if result.errors else turn), reply

    def build_result(self) -> StructuredResult:
        """Return the result of the responses until now."""
        self._read()
        return build_result(self._reading, self._schema, as_frame=self._as_frame)

    @property
    def text(self) -> str:
        """What the model wrote, in all rounds."""
        return "\n\n".join(self._texts)

    def _read(self) -> None:
        """Read the last response once, and merge it with the earlier ones."""
        if not self._is_unread:
            return
        self._is_unread = False
        text = "".join(self._pieces)
        self._texts += [text] if text.strip() else []
        is_truncated = self._stop not in COMPLETE_STOPS
        reading = read_reply(text, self._schema, is_truncated=is_truncated)
        self._reading = (
            merge_repair(self._reading, self._repair, reading, self._schema) if self._repair else reading
        )

    def _describe_repair(self, repair: RepairRequest) -> str:
        values = {"number": MAX_REPAIRS - self._repairs_left, "most": MAX_REPAIRS}
        if not (repair.places and self._schema.is_list):
            return Translatable(
                "The reply does not fit the schema. Repair request {number} of {most}.", **values
            )
        return Translatable(
            "{count} of {total} items do not fit the schema. Repair request {number} of {most}.",
            count=len(repair.places),
            total=len(self._reading.items),
            **values,
        )


def _replace_text(reply: Reply, text: str) -> Reply:
    """Return a reply with one text after its other parts."""
    parts: list[Part] = [part for part in reply.message.parts if not isinstance(part, TextPart)]
    return replace(reply, message=replace(reply.message, parts=(*parts, *([TextPart(text)] if text else []))))
