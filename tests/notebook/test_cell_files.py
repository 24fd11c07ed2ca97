"""The files of a prompt: where they go, and URLs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ContextPart, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.argument_parser import parse_options
from mimo_magics.notebook.cell_files import add_files
from mimo_magics.notebook.cell_request import build_cell_request, split_options
from mimo_magics.notebook.comparison_request import build_comparison_request, parse_line
from mimo_magics.notebook.media_options import add_media


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b c.txt"):
        (tmp_path / name).write_text(f"text of {name}", encoding="utf-8")


FILES = (
    ContextPart('\n\nFile "a.txt" (text):\ntext of a.txt\nEnd of file "a.txt".', "a.txt", "text", "text", 55),
    ContextPart(
        '\n\nFile "b c.txt" (text):\ntext of b c.txt\nEnd of file "b c.txt".', "b c.txt", "text", "text", 61
    ),
)


def test_files_go_after_the_prompt_in_their_order() -> None:
    options, prompt = split_options("--file a.txt --file 'b c.txt' -t 0 Compare {x}")
    request = build_cell_request(parse_options("%%mimo", options), prompt, {"x": "these"})
    value = ContextPart("these", "x", "str", "str", 5)
    assert request.prompt == (TextPart("Compare "), value, *FILES)
    assert request.settings == {"temperature": 0.0}


def test_a_comparison_sends_files() -> None:
    request = build_comparison_request(parse_line("--file a.txt -t 0 1"), "Sum it up.", {})
    assert request.prompt == (TextPart("Sum it up."), FILES[0])


def test_a_budget_and_share_of_the_turn_hold() -> None:
    options, prompt = split_options("--file a.txt --share schema Sum it up.")
    request = build_cell_request(parse_options("%%mimo", options), prompt, {})
    assert "text of" not in request.prompt_text
    assert "13 bytes. Its content is not shared." in request.prompt_text


def test_an_error_of_a_file_comes_before_anything_is_sent() -> None:
    for paths, fact, advice in (
        (["nope"], "The file 'nope' does not exist.", "Check the path."),
        (["a.txt"] * 51, "51 files are too many.", "Send at most 50 files with a prompt."),
        (["https://a.example/x"], "'https://a.example/x' is a URL.", "Add --fetch to download it here"),
    ):
        with pytest.raises(BadOption) as caught:
            add_files("x", paths, Settings(), fetches=False)
        assert caught.value.message == fact
        assert caught.value.hint.startswith(advice)


def test_a_continued_reply_takes_no_files() -> None:
    with pytest.raises(BadOption, match="takes no files"):
        add_files(None, ["a.txt"], Settings(), fetches=False)


def test_a_private_url_is_not_downloaded() -> None:
    with pytest.raises(BadOption, match=r"leads to the private address 127\.0\.0\.1"):
        add_files("x", ["HTTP://127.0.0.1/x"], Settings(), fetches=True)
    with pytest.raises(BadOption, match=r"leads to the private address 127\.0\.0\.1"):
        add_media("x", {"image": ["http://127.0.0.1/x.png"]}, {}, "sample", fetches=True)
    with pytest.raises(BadOption, match="share=schema sends no images"):
        add_media("x", {"image": ["http://93.184.215.14/x.png"]}, {}, "schema", fetches=True)
