"""The value of `%mimo_fix`: a corrected cell. It is only shown and inserted; nothing is run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply
from mimo_magics.document.context_html import context_html
from mimo_magics.document.fix_html import fix_bundle
from mimo_magics.document.reply import footer
from mimo_magics.prompts.fix_proposal import Proposal


@dataclass(frozen=True, slots=True)
class Fix:
    """A corrected cell."""

    cause: str
    """Why the cell failed, in the words of the model."""
    code: str
    """The source of the corrected cell; empty if the model proposed no change, or none that is valid."""
    diff: str
    """The change as a unified diff."""
    cell: int
    """The number of the cell that it corrects."""
    reply: Reply
    """The whole reply."""
    notices: tuple[str, ...] = ()
    """What to do next, or why there is no code."""

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return fix_bundle(self.cause, self.diff, self.notices)


@dataclass(frozen=True, slots=True)
class FixDocument:
    """What remains in the output of the cell."""

    fix: Fix
    context: tuple[ContextItem, ...] = ()
    """The context of the prompt, shown above."""

    @property
    def replies(self) -> tuple[Reply]:
        """The reply."""
        return (self.fix.reply,)

    @property
    def notices(self) -> tuple[str, ...]:
        """What to do next."""
        return self.fix.notices

    @property
    def is_plain(self) -> bool:
        """Always false: the cause and the change are shown."""
        return False

    def to_bundle(self, _: Collection[int] = ()) -> dict[str, str]:
        """Return the cause, the change and the notices as a MIME bundle."""
        fix = self.fix
        head, end = context_html(self.context), footer(fix.reply)
        return fix_bundle(fix.cause, fix.diff, fix.notices, head=head, footer=end)


def build_fix(
    proposal: Proposal, syntax_error: str, reply: Reply, failed: int, notices: tuple[str, ...] = ()
) -> Fix:
    """Return the value for a proposal.

    Args:
        proposal: what the model proposes.
        syntax_error: why the code is not valid; empty if it is.
        reply: the reply of the model.
        failed: number of the cell that failed.
        notices: what the user should know about the requests.
    """
    number = proposal.cell.number or 0
    if not proposal.code:
        return Fix(proposal.cause, "", "", number, reply, (*notices, NO_CODE_NOTICE))
    if syntax_error:
        return Fix(
            proposal.cause, "", proposal.diff, number, reply, (*notices, _describe_invalid(syntax_error))
        )
    if proposal.is_unchanged:
        return Fix(proposal.cause, "", "", number, reply, (*notices, NO_CHANGE_NOTICE))
    step = _describe_next_step(number, failed)
    return Fix(proposal.cause, proposal.code, proposal.diff, number, reply, (*notices, step))


NO_CODE_NOTICE = Translatable(
    "The reply contains no code. %%mimo_fix with a sentence below says more to the model."
)
NO_CHANGE_NOTICE = Translatable("The model proposes no change.")


REPEATED_NOTICE = Translatable(
    "The first proposal was not valid Python, so the request was sent again with its error."
)


def _describe_invalid(error: str) -> str:
    return Translatable("The proposed code is not valid Python, so it was not inserted: {error}", error=error)


def _describe_next_step(number: int, failed: int) -> str:
    if number == failed:
        return Translatable("The corrected cell is inserted. Nothing was run: read it, then run it.")
    return Translatable(
        "The corrected cell replaces what cell [{number}] defines. Nothing was run: read it, run it, then run cell "
        "[{failed}] again.",
        number=number,
        failed=failed,
    )
