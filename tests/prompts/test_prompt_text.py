"""The prompts of the package, and the files of the user that replace them."""

import os
from pathlib import Path

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ContextPart, TextPart
from mimo_magics.prompts.prompt_text import fill_prompt, read_prompt_text

ERROR = ContextPart("KeyError: {cells}", "error")


def test_a_slot_is_replaced_by_its_parts_and_other_braces_stay() -> None:
    parts = fill_prompt("{x} {error}\n{{y}} {cells}.", {"error": (ERROR,), "cells": ()}, ("error",))
    assert parts == (TextPart("{x} "), ERROR, TextPart("\n{{y}} "), TextPart("."))


def test_a_missing_slot_is_an_error() -> None:
    with pytest.raises(BadOption, match=r"The prompt file lacks the slot \{error\}\.") as caught:
        fill_prompt("No slot.", {"error": (ERROR,)}, ("error",))
    assert caught.value.hint == "Add it where the text should stand."


def test_the_built_in_prompt_has_its_slots() -> None:
    text = read_prompt_text("fix", None)
    assert [name for name in ("error", "cells", "variables", "wish") if f"{{{name}}}" not in text] == []


def test_a_file_of_the_user_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("Grüße {error}", encoding="utf-8")
    assert read_prompt_text("fix", str(tmp_path / "mine.md")) == "Grüße {error}"


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "binary"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mine.md"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "binary":
            path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadOption, match="cannot be read: ") as caught:
        read_prompt_text("fix", str(path))
    assert caught.value.hint == "Use the built-in prompt: %mimo_config --reset fix_prompt"


def test_a_file_that_is_too_large_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_bytes(b"x" * 100_001)
    with pytest.raises(BadOption, match="too large"):
        read_prompt_text("fix", str(tmp_path / "mine.md"))
