"""The code of a reply as a text, for `-f code`."""

from __future__ import annotations

from mimo_magics.core.messages import Reply, TextPart
from mimo_magics.core.text import replace_control_characters
from mimo_magics.document.code_block import code_block_html
from mimo_magics.document.markdown import code_blocks
from mimo_magics.document.reply import wrap_html


class CodeText(str):
    """The code blocks of a reply, with a blank line between them. It is shown as code, and is a text otherwise."""

    __slots__ = ()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {
            "text/html": wrap_html(code_block_html(self, "python")),
            "text/plain": replace_control_characters(self),
        }


def read_code(reply: Reply) -> CodeText:
    """Return the code of a reply; empty if it has no code block."""
    texts = (part.text for part in reply.message.parts if isinstance(part, TextPart))
    blocks = (code.strip("\n") for text in texts for code in code_blocks(text))
    return CodeText("\n\n".join(filter(None, blocks)))
