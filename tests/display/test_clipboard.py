"""The clipboard of a terminal: one escape sequence of our own, with the text in base64."""

from __future__ import annotations

from base64 import b64decode

import pytest
from support.hostile import HOSTILE

from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.display.clipboard import MAX_ENCODED_CHARS, copy_to_clipboard


def test_the_text_is_encoded_in_one_escape_sequence(capsys: pytest.CaptureFixture[str]) -> None:
    assert copy_to_clipboard("a = 1\n\tb 你")
    assert capsys.readouterr().out == "\x1b]52;c;YSA9IDEKCWIg5L2g\x07"


def test_a_text_that_a_terminal_would_refuse_is_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    max_text = "x" * (MAX_ENCODED_CHARS // 4 * 3)
    assert [copy_to_clipboard(max_text), copy_to_clipboard(f"{max_text}x")] == [True, False]
    assert len(capsys.readouterr().out) == MAX_ENCODED_CHARS + len("\x1b]52;c;\x07")


@pytest.mark.parametrize("text", [*HOSTILE.values(), "\x1b[201~ls\n", "a\x07b\x9cc\ud800"])
def test_a_copied_text_has_no_control_characters(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert copy_to_clipboard(text)
    sequence = capsys.readouterr().out
    start, end = "\x1b]52;c;", "\x07"
    copied = b64decode(sequence.removeprefix(start).removesuffix(end), validate=True).decode()
    assert sequence.startswith(start)
    assert not CONTROL_CHARACTERS.search(copied)
