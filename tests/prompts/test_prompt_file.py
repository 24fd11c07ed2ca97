"""Prompt files: round trip, versions, and files of strangers."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.broken_replies import Book

from mimo_magics.core.errors import BadOption, BadPromptFile, MimoError
from mimo_magics.core.settings import Settings
from mimo_magics.prompts.prompt_file import FILE_OPTIONS, MAX_FILE_BYTES
from mimo_magics.prompts.prompt_function import PromptFunction, PromptWarning, load_prompt

FILE = '''+++
model = "mimo-v2-flash"
temperature = 0.0
stop = ["END", "\\n"]
thinking = false
system = """
Be brief.
Say "no" if unsure.
"""
schema = """
{
  "title": "Label",
  "type": "object",
  "properties": {
    "label": {
      "type": "string"
    }
  },
  "required": [
    "label"
  ]
}
"""
many = true
+++

Label these reviews: {text}

+++ is no fence here.
'''
LABEL = {
    "type": "object",
    "properties": {"label": {"type": "string"}},
    "required": ["label"],
    "title": "Label",
}
OPTIONS = {"model": "mimo-v2-flash", "temperature": 0.0, "stop": ("END", "\n"), "thinking": False}


def build_function(prompt: str = "{x}", **fields: Any) -> PromptFunction:
    return PromptFunction("classify", prompt, **fields)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prompts" / "classify.md"


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_function_is_saved_as_a_readable_file_and_loaded_again(path: Path) -> None:
    classify = build_function(
        "Label these reviews: {text}\n\n+++ is no fence here.",
        schema={"type": "array", "items": LABEL},
        system='Be brief.\nSay "no" if unsure.',
        options=OPTIONS,
    )
    object.__setattr__(classify.schema, "name", "Label")
    classify.save(path)
    assert path.read_bytes().decode() == FILE
    loaded = load_prompt(path)
    assert (loaded, loaded.version, loaded.signature) == (
        classify,
        classify.version,
        "classify(text) -> list[Label]",
    )


def test_the_version_is_the_same_for_all_line_ends(path: Path) -> None:
    versions = {load_prompt(write(path, FILE.replace("\n", end))).version for end in ("\n", "\r\n", "\r")}
    versions.add(load_prompt(write(path, "\ufeff" + FILE)).version)
    assert len(versions) == 1


def test_a_file_keeps_its_function_when_it_is_saved_again(path: Path) -> None:
    build_function(schema=Book).save(path)
    first = path.read_bytes()
    load_prompt(path).save(path)
    assert (path.read_bytes(), list(path.parent.iterdir())) == (first, [path])
    assert load_prompt(path).version == build_function(schema=Book).version


TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text('"\\+\n\r\t {}x\x7f\x1b\u2028')
OPTION_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "model": TEXTS,
        "temperature": st.floats(-5, 5),
        "max_tokens": st.integers(1, 9_000),
        "stop": st.lists(TEXTS).map(tuple),
        "thinking": st.booleans(),
    },
)


@given(TEXTS, TEXTS, OPTION_VALUES)
def test_every_function_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, prompt: str, system: str, options: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("prompts") / "classify.md"
    try:
        function = build_function(
            f"x{prompt}", system=system, options=options, schema={**LABEL, "description": system}
        )
    except BadOption:
        return
    function.save(path)
    loaded = load_prompt(path)
    assert (loaded, loaded.version) == (function, function.version)


@given(st.binary() | TEXTS.map(str.encode) | TEXTS.map(lambda text: f"+++\n{text}\n+++\n{text}".encode()))
def test_no_file_raises_another_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = write(tmp_path_factory.mktemp("prompts") / "classify.md", data)
    with suppress(MimoError):
        assert load_prompt(path).prompt


FORBIDDEN = sorted(
    {*Settings.__slots__, "tools", "api_key", "headers", "name", "url"} - {*FILE_OPTIONS, "system"}
)


@pytest.mark.parametrize("key", FORBIDDEN)
def test_the_header_takes_no_tools_addresses_keys_or_sharing(path: Path, key: str) -> None:
    with pytest.raises(BadPromptFile) as failure:
        load_prompt(write(path, f'+++\n{key} = "x"\n+++\n{{text}}'))
    assert failure.value.lines[0] == f"Unknown key {key} in the header."


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{text}", "The prompt file has no header."),
        ("---\nmodel: x\n---\n{text}", "The prompt file has no header."),
        ("+++\nmodel = 'x'\n{text}", "The prompt file has no header."),
        ("+++\nmodel = \n+++\n{text}", "The header is not valid TOML: Invalid value (at line 1, column 9)."),
        ("+++\nmodel = 'a'\nmodel = 'b'\n+++\nx", "The header is not valid TOML: Cannot overwrite a value"),
        ("+++\nmodel = 1\n+++\n{text}", "model must be a string, not 1."),
        ("+++\nmax_tokens = 1979-05-27\n+++\n{text}", "max_tokens must be an integer, not "),
        ("+++\nsystem = ['x']\n+++\n{text}", "system must be a value of type str."),
        ("+++\nmany = true\n+++\n{text}", "many needs a schema."),
        ("+++\n[model]\nx = 1\n+++\n{text}", "model must be a string, not {'x': 1}."),
        ("+++\nschema = '[1]'\n+++\n{text}", "The schema in the header is not a JSON Schema."),
        ("+++\nschema = '{'\n+++\n{text}", "The schema in the header is not a JSON Schema."),
        (f"+++\nschema = '{'[' * 9_000}'\n+++\n{{text}}", "The schema in the header is not a JSON Schema."),
        (f"+++\nstop = {'[' * 9_000}\n+++\n{{text}}", "The header is not valid TOML: "),
        ('+++\nschema = \'{"type": "string"}\'\n+++\nx', "The schema object is not an object."),
        ("+++\n+++\n", "The prompt of classify is empty."),
        (
            "+++\n+++\n{rows.gi_frame.f_globals}",
            "A slot of a prompt file is a name, not {rows.gi_frame.f_globals}.",
        ),
        ('+++\n+++\n{x["key"]}', 'A slot of a prompt file is a name, not {x["key"]}.'),
        ("+++\n+++\n{lambda}", "lambda is not a valid name of a slot."),
        (b"+++\n+++\n\xff\xfe", "The prompt file is not UTF-8 text."),
        (b"+++\n+++\n" + b"x" * MAX_FILE_BYTES, "The prompt file is larger than 256 KB."),
    ],
)
def test_an_invalid_file_is_refused(path: Path, text: str | bytes, fact: str) -> None:
    with pytest.raises(MimoError) as failure:
        load_prompt(write(path, text))
    assert failure.value.lines[0].startswith(fact)
    assert len(failure.value.lines[0]) < 300


def test_an_error_shows_a_hostile_key_without_its_effect(path: Path) -> None:
    key = r"\u001b[2J\u202e<script>ran()</script>" + "x" * 9_000
    with pytest.raises(BadPromptFile) as failure:
        load_prompt(write(path, f'+++\n"{key}" = 1\n+++\nx'))
    assert all(line.isprintable() and len(line) < 300 for line in failure.value.lines)


def test_the_name_of_the_function_is_given_or_that_of_the_file(path: Path) -> None:
    write(path, FILE)
    assert (load_prompt(path).name, load_prompt(str(path), "label").name) == ("classify", "label")
    with pytest.raises(BadOption, match=r"my prompt is not a valid function name"):
        load_prompt(write(path.with_name("my prompt.md"), FILE))


def test_a_file_that_holds_something_else_is_not_overwritten(path: Path) -> None:
    write(path, "# My notes\n")
    with pytest.raises(BadPromptFile, match="The prompt file has no header"):
        build_function().save(path)
    assert path.read_text(encoding="utf-8") == "# My notes\n"


def test_options_that_a_file_does_not_hold_are_named(path: Path) -> None:
    function = build_function(options={"model": "m", "share": "full", "preset": "local"})
    with pytest.warns(PromptWarning, match="Not saved in the prompt file: share, preset") as caught:
        function.save(path)
    assert caught[0].filename == __file__
    assert load_prompt(path).options == {"model": "m"}


@pytest.mark.parametrize(
    "prompt", ["{rows[0]}", "x" * MAX_FILE_BYTES, "\ud800"], ids=["path", "large", "surrogate"]
)
def test_a_prompt_that_no_file_can_hold_is_not_written(path: Path, prompt: str) -> None:
    with pytest.raises(BadPromptFile):
        build_function(prompt).save(path)
    assert not path.parent.exists()


def test_a_path_that_cannot_be_read_or_written_is_a_short_error(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 3_000)
    for path in (tmp_path, long, tmp_path / "missing.md", Path("nul\0.md")):
        with pytest.raises(BadPromptFile) as failure:
            load_prompt(path, "f")
        assert len(failure.value.lines[0]) < 300
    for path in (tmp_path, long, Path("nul\0.md")):
        with pytest.raises(BadPromptFile):
            build_function().save(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.md")
    with pytest.raises(BadPromptFile, match="not a regular file"):
        load_prompt(tmp_path / "f.md")
