"""Split a docstring into the description of a function and the descriptions of its parameters."""

from __future__ import annotations

import inspect
import re

import docstring_parser
from docstring_parser.common import Docstring, DocstringParam, DocstringStyle

BLOCK_BREAK = re.compile(r"\n{2,}(?=\S)")


def parse_docstring(docstring: str) -> tuple[str, dict[str, str]]:
    """Return the description of a function, and the descriptions of its parameters by name.

    Google, NumPy and reST style are supported. Each unindented block is parsed on its own, because the parser
    drops text that follows a section. A block without parameters stays as written.
    """
    text = inspect.cleandoc(docstring).strip()
    blocks: list[str] = []
    descriptions: dict[str, str] = {}
    for block in BLOCK_BREAK.split(text):
        parsed = _parse_block(block)
        for parameter in parsed.params:
            names = (name.strip(" *") for name in parameter.arg_name.split(","))
            descriptions |= dict.fromkeys(names, parameter.description or "")
        blocks.append(_remove_parameters(parsed) if parsed.params else block)
    return "\n\n".join(filter(None, blocks)) if descriptions else text, descriptions


def _parse_block(block: str) -> Docstring:
    try:
        # The parser strips indentation as below a first line, so the first line is empty.
        return docstring_parser.parse(f"\n{block}")
    except Exception:  # noqa: BLE001  besides its own error the parser raises IndexError for `: :`
        return Docstring()


def _remove_parameters(parsed: Docstring) -> str:
    parsed.meta = [each for each in parsed.meta if not isinstance(each, DocstringParam)]
    return docstring_parser.compose(parsed, DocstringStyle.REST).strip()
