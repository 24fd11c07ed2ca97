"""A standard output that cannot encode every character: a pipe on Windows, a container without a locale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from support.comparisons import TITLES
from support.peer import KEY, Peer, reply, stream
from support.terminal_turn import EVENTS, REPLY

from mimo_magics.core.errors import MimoError
from mimo_magics.core.events import Note, Notice, ReasoningDelta, ReplyEnded, TextDelta
from mimo_magics.core.messages import ToolCall
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.output import Output, display_bundle
from mimo_magics.display.terminal import TerminalComparisonRenderer, TerminalRenderer
from mimo_magics.document.reply import ReplyDocument
from mimo_magics.session.comparison.result import DisplayBundle
from mimo_magics.tools.approval import ask_by_input

ENCODINGS = ("ascii", "latin-1", "cp1252", "cp950", "cp936", "shift_jis", "iso2022_jp", "utf-16", "utf-8")
TEXT = "Grüße, 你好 台灣 🙂 → · … \ud83d"


def written(encoding: str, write: Callable[[], object], errors: str = "strict") -> str:
    """Return the text that a standard output with this encoding receives."""
    with pytest.MonkeyPatch.context() as patch:
        stream = TextIOWrapper(BytesIO(), encoding=encoding, errors=errors, newline="")
        patch.setattr(sys, "stdout", stream)
        write()
        stream.flush()
        return stream.buffer.getvalue().decode(encoding, "replace")  # type: ignore[attr-defined]


def show_turn(text: str) -> None:
    renderer = TerminalRenderer()
    for event in (*EVENTS, Note(text), Notice(text), ReasoningDelta(text), TextDelta(text)):
        renderer.show(event)
    renderer.finish(ReplyDocument(REPLY), {})


def show_comparison(text: str) -> None:
    renderer = TerminalComparisonRenderer(ComparisonProgress((text, *TITLES[1:])))
    renderer.show(ReplyEnded(text), 0)
    renderer.finish(DisplayBundle({"text/html": "", "text/plain": text}), {})


SHOWN: dict[str, Callable[[str], object]] = {
    "a turn": show_turn,
    "a comparison": show_comparison,
    "a bundle": lambda text: display_bundle({"text/plain": text}),
    "an output": lambda text: Output().update({"text/plain": text}),
    "an error": lambda text: sys.stdout.write("".join(MimoError(text, text)._render_traceback_())),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", SHOWN)
def test_characters_that_cannot_be_encoded_are_replaced(name: str, encoding: str) -> None:
    after = written(encoding, lambda: SHOWN[name](f"before{TEXT}after"))
    assert "before" in after
    assert "after" in after


@settings(max_examples=200)
@given(st.text(), st.sampled_from(ENCODINGS), st.sampled_from(("strict", "replace", "surrogateescape")))
def test_any_text_can_be_written_and_ascii_stays_unchanged(text: str, encoding: str, errors: str) -> None:
    shown = written(encoding, lambda: sys.stdout.write(replace_unencodable_characters(text)), errors)
    if text.isascii() and text.isprintable():
        assert shown == text


def test_a_stream_without_an_encoding_gets_the_text_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding in (None, "no such"):
        stream = type("Stream", (), {"encoding": encoding})()
        monkeypatch.setattr(sys, "stdout", stream)
        assert replace_unencodable_characters("你好") == "你好"
    monkeypatch.setattr(sys, "stdout", None)
    assert replace_unencodable_characters("你好") == "你好"


def test_an_approval_shows_the_code_of_a_character_that_cannot_be_encoded() -> None:
    """Otherwise two different calls could look the same."""
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return "n"

    call = ToolCall("c1", "delete", '{"file": "你.txt"}')
    written("ascii", lambda: ask_by_input(call, answer))
    assert questions[0].startswith('delete {\n  "file": "\\u4f60.txt"\n}\n')


PROGRAM = """
%load_ext mimo_magics
%mimo_config language=zh-TW
x = %mimo hello
x
print(len(x.text))
y = %mimo --no-history hello
%mimo show
%mimo_session
%mimo_session show
%mimo_config
%mimo_models
%mimo_usage
%mimo --dry-run hello
%mimo_panel
%mimo_session switch nowhere
%mimo_compare show
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp950"])
def test_ipython_works_with_every_output_encoding(peer: Peer, tmp_path: Path, encoding: str) -> None:
    peer.script = lambda seen: stream(seen, reply(TEXT.removesuffix("\ud83d")))
    environment = {
        "MIMO_API_KEY": KEY,
        "MIMO_BASE_URL": f"{peer.url}/v1",
        "PYTHONIOENCODING": encoding,
        "IPYTHONDIR": str(tmp_path),
    }
    run = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--simple-prompt", "--colors=NoColor"],
        input=PROGRAM.encode(),
        capture_output=True,
        env={**os.environ, **environment},
        cwd=tmp_path,
        check=True,
    )
    output = run.stdout.decode(encoding) + run.stderr.decode(encoding, "replace")
    assert "UnicodeEncodeError" not in output
    assert "Traceback" not in output
    assert f"{len(TEXT) - 1}\n" in output
