"""Lines with `%mimo` or another line magic of ours, which may end in a question mark.

For IPython, a question mark at the end of a line means help, even on a line with a magic. The transform in this module
runs first, and passes such a line to IPython's transform of magics.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Sequence
from tokenize import TokenInfo
from typing import Any

from IPython.core.inputtransformer2 import (
    EscapedCommand,
    MagicAssign,
    TokenTransformBase,
    TransformerManager,
    make_tokens_by_line,
)

from mimo_magics.notebook.kernel.magic_cell import OWN_NAME, split_magic_cell

MAGIC_PATTERN = re.compile(rf"%({OWN_NAME})(?=[\s\\]|\Z)")
SEPARATOR_PATTERN = re.compile(rf"\A(%{OWN_NAME})[^\S\r\n]+")
AUTOMAGIC_PATTERN = re.compile(rf"\s*({OWN_NAME}\s[^\r\n]*\S)\?+\s*")
DEPTHS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class MagicLineTransform(TokenTransformBase):
    """Turns one line with a magic of ours into a call."""

    priority = 1
    """The priority of IPython's transform for help is 5; a lower number runs first."""

    def __init__(self, first: TokenInfo, escape: TokenInfo, magic: TokenInfo) -> None:
        super().__init__(first.start)  # type: ignore[no-untyped-call]
        self._escape = escape
        self.magic = magic
        """The `%` of our magic. Another magic may precede it: `%time %mimo`."""

    @classmethod
    def find(cls, tokens_by_line: Sequence[Sequence[TokenInfo]]) -> MagicLineTransform | None:
        """Return the transform of the first line that has a magic of ours."""
        for line in tokens_by_line:
            tokens = [each for each in line if each.type not in (tokenize.INDENT, tokenize.DEDENT)]
            escape = _find_escape(tokens)
            magic = _find_magic(tokens, escape) if escape else None
            if escape and magic:
                return cls(tokens[0], escape, magic)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Return the lines of the cell with a call instead of the magic."""
        (row, column), is_magic = self._escape.start, self._escape.string == "%"
        lines = [re.sub(r"\\\r\n\Z", "\\\\\n", line) for line in lines]
        head, text = lines[row - 1][:column], lines[row - 1][column:]
        lines[row - 1] = head + SEPARATOR_PATTERN.sub(r"\1 ", text, count=1) if is_magic else head + text
        transform: Any = MagicAssign if is_magic else EscapedCommand
        result: list[str] = transform(self._escape.start).transform(lines)
        return result


def _find_escape(tokens: Sequence[TokenInfo]) -> TokenInfo | None:
    """Return the `%` or `!` that marks a line as an IPython command: the first token, or the first after `=`."""
    depth, before = 0, ""
    for token in tokens:
        if token.string == "%" and before in ("", "=") and not depth:
            return token
        if token.string == "!" and not before:
            return token
        depth += DEPTHS.get(token.string, 0) if token.type == tokenize.OP else 0
        before = token.string
    return None


def _find_magic(tokens: Sequence[TokenInfo], escape: TokenInfo) -> TokenInfo | None:
    """Return the `%` of the first magic of ours after an escape sign.

    The text after the sign is not Python. An open bracket in it hides the end of the line, so the tokens may include
    the lines below. The line of a shell command itself is skipped.
    """
    for token in tokens:
        is_behind = token.start >= escape.start and (escape.string == "%" or token.start[0] > escape.start[0])
        if is_behind and token.string == "%" and MAGIC_PATTERN.match(token.line, token.start[1]):
            return token
    return None


def create_transformer_manager() -> TransformerManager:
    """Return IPython's static transforms together with ours."""
    manager = TransformerManager()
    manager.token_transformers.append(MagicLineTransform)
    return manager


def split_last_line(text: str) -> tuple[str, str] | None:
    """Return the name and the rest of the line of a magic of ours, if a text ends in such a line."""
    lines = text.splitlines(keepends=True)
    if not lines or lines[-1].endswith(("\r", "\n")):
        lines.append("")
    first = len(lines) - 1
    while first and lines[first - 1].rstrip("\r\n").endswith("\\"):
        first -= 1
    try:
        above = create_transformer_manager().do_token_transforms(lines[:first])
    except (SyntaxError, RuntimeError):
        return None
    found = MagicLineTransform.find(make_tokens_by_line([*above, *lines[first:]]))
    if found is None or found.magic.start[0] <= len(above):
        return None
    row, column = found.magic.start
    *continued, last = [*above, *lines[first:]][row - 1 :]
    line = " ".join((*(each.rstrip()[:-1] for each in continued), last))[column:]
    match = MAGIC_PATTERN.match(line)
    return (match[1], line[match.end() :]) if match and match.end() < len(line) else None


def ends_in_magic(text: str) -> bool:
    """Return whether a text ends in a cell or a line with a magic of ours."""
    cell = split_magic_cell(text)
    return cell.is_own if cell else split_last_line(text) is not None


class AutomagicTransform:
    """Adds the percent sign to a cell `mimo …?`. IPython adds it only after it turned the question mark into help."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        match = AUTOMAGIC_PATTERN.fullmatch("".join(lines))
        if match and self._is_automagic(match[1]):
            return [f"%{''.join(lines).lstrip()}"]
        return lines

    def _is_automagic(self, line: str) -> bool:
        name = line.split(maxsplit=1)[0]
        call: str = self._shell.prefilter_manager.prefilter_lines(line)
        return call.startswith(f"get_ipython().run_line_magic({name!r},")
