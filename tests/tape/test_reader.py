"""The reader of tapes: recorded calls are read back, other content is refused with its line."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.tape_lines import BODY, CALL, LINES, put

from mimo_magics.core.errors import BadTape, TapeMismatch
from mimo_magics.tape import format as tape_format, reader
from mimo_magics.tape.format import END_REASONS, Chunk, RecordedCall
from mimo_magics.tape.tape import Tape

seconds = st.floats(0, 1e6)
chunks = st.lists(st.builds(Chunk, seconds, st.binary()), max_size=5).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)
calls = st.builds(
    RecordedCall, st.just("POST"), st.text(st.characters(codec="utf-8")), json_values, st.integers(0, 2**32).map(float),
    st.integers(100, 599), st.just({"retry-after": "1"}), seconds, chunks, st.sampled_from(END_REASONS), seconds,
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tapes") / "lesson.jsonl"


@given(st.lists(calls, max_size=4))
def test_calls_are_read_back(path: Path, written: list[RecordedCall]) -> None:
    path.write_bytes(tape_format.encode_tape(written[:1]) + tape_format.encode_calls(written[1:]))
    assert reader.read_tape(path) == written


def test_a_tape_without_calls_is_empty(path: Path) -> None:
    assert reader.read_tape(put(path, LINES[:1])) == []


@pytest.mark.parametrize("line_count", range(1, len(LINES) - 1))
def test_a_tape_that_ends_in_a_call_is_an_error_with_its_line(path: Path, line_count: int) -> None:
    with pytest.raises(BadTape) as failure:
        reader.read_tape(put(path, LINES[: line_count + 1]))
    assert (
        str(failure.value)
        == f"The tape lesson.jsonl is incomplete: it ends within a call, after line {line_count + 1}."
    )
    assert failure.value.hint == "Record the tape again: %mimo_tape record PATH"


def test_a_truncated_tape_is_an_error_unless_it_has_no_call(path: Path) -> None:
    complete = "\n".join(LINES).encode()
    for end in range(len(complete)):
        path.write_bytes(complete[:end])
        if end - len(LINES[0]) in (0, 1):
            assert reader.read_tape(path) == []
        else:
            with pytest.raises(BadTape, match=r"(The|the) tape lesson\.jsonl|^lesson\.jsonl is not a tape"):
                reader.read_tape(path)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "{}",
        "[" * 100_000,
        '{"at": 0.5, "chunk": 5}',
        '{"at": 0.5, "chunk": "\\ud800"}',
        '{"at": -1, "chunk": ""}',
        '{"at": NaN, "chunk": ""}',
        '{"at": 1e999, "chunk": ""}',
        '{"at": true, "chunk": ""}',
        '{"at": 1' + "0" * 5_000 + ', "chunk": ""}',
        '{"chunk": ""}',
        '{"at": 0.5, "status": 99, "headers": {}}',
        '{"at": 0.5, "status": 1000, "headers": {}}',
        '{"at": 0.5, "status": 200, "headers": {"content-type": "a\\r\\nb: c"}}',
        '{"at": 0.5, "status": 200, "headers": {"content-type": 5}}',
        '{"at": 0.5, "end": "SystemExit"}',
        '{"call": "POST", "path": "/v1", "date": "yesterday", "body": {}}',
    ],
    ids=lambda line: line[:40],
)
@pytest.mark.parametrize("number", [2, 3, 4, 7])
def test_an_invalid_line_is_an_error_with_its_number(path: Path, number: int, line: str) -> None:
    lines = [*LINES[: number - 1], line, *LINES[number:]]
    with pytest.raises(BadTape) as failure:
        reader.read_tape(put(path, lines))
    assert str(failure.value) == f"Line {number} of the tape lesson.jsonl is not valid."


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ('{"cells": []}', "lesson.jsonl is not a tape."),
        ('{"tape": 2}', "The tape lesson.jsonl was written by a newer version of mimo-magics."),
        ('{"tape": true}', "lesson.jsonl is not a tape."),
    ],
)
def test_a_file_that_is_not_a_tape_is_an_error(path: Path, first: str, message: str) -> None:
    with pytest.raises(BadTape) as failure:
        reader.read_tape(put(path, [first, *LINES[1:]]))
    assert str(failure.value) == message


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadTape, match="cannot be read"):
        reader.read_tape(tmp_path)


@given(st.data())
def test_a_damaged_tape_is_read_or_refused_with_our_error(path: Path, data: Any) -> None:
    complete = bytearray("\n".join(LINES).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(complete) - 1))
        complete[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path.write_bytes(complete)
    with suppress(BadTape):
        for call in reader.read_tape(path):
            assert isinstance(call, RecordedCall)
            assert all(name in tape_format.RECORDED_HEADERS for name in call.headers)


def test_only_recorded_headers_are_read_from_a_tape(path: Path) -> None:
    lines = [*LINES]
    lines[2] = (
        '{"at": 0.25, "status": 200, "headers": {"content-type": "text/event-stream", "set-cookie": "a=b"}}'
    )
    assert reader.read_tape(put(path, lines)) == [CALL]


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\n\n", "\r\n\r\n", "\n \t\n"], ids=repr)
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n\r\n"], ids=repr)
def test_empty_lines_and_windows_line_ends_are_ignored(path: Path, separator: str, end: str) -> None:
    path.write_bytes(separator.join(LINES).encode() + end.encode())
    assert reader.read_tape(path) == [CALL]
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert reader.read_tape(path) == [CALL]


def test_a_damaged_line_has_the_number_that_an_editor_shows(path: Path) -> None:
    path.write_text("\n\n".join([*LINES[:3], "{"]), encoding="utf-8")
    with pytest.raises(BadTape, match=r"^Line 7 of the tape lesson\.jsonl is not"):
        reader.read_tape(path)


@pytest.mark.parametrize("depth", [101, 150, 990, 5_000])
def test_a_body_that_is_nested_too_deeply_is_an_error(path: Path, depth: int) -> None:
    lines = [LINES[0], LINES[1].replace('"mimo-test"', "[" * depth + "]" * depth), *LINES[2:]]
    with pytest.raises(BadTape, match=r"^Line 2 of the tape lesson\.jsonl is not"):
        reader.read_tape(put(path, lines))


def test_a_tape_that_is_too_large_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_TAPE_BYTES", 1_000_000)
    path.write_bytes(b"\0" * 2_000_000)
    with pytest.raises(BadTape) as failure:
        reader.read_tape(path)
    assert str(failure.value) == "The tape lesson.jsonl is larger than 1 MB."


def test_control_characters_in_the_name_of_a_tape_are_escaped(tmp_path: Path) -> None:
    path = put(tmp_path / "\x1b]0;title\x07\u202e.jsonl", ["{}"])
    with pytest.raises(BadTape) as failure:
        reader.read_tape(path)
    assert str(failure.value) == "⟨U+001B⟩]0;title⟨U+0007⟩⟨U+202E⟩.jsonl is not a tape."


strange_values = st.one_of(
    json_values,
    st.sampled_from([float("nan"), float("inf"), 1e308, -9, 10**400, True, "", [], {}, [[]] * 50, "\ud800"]),
)


@given(st.data())
def test_any_json_on_a_tape_is_a_call_or_refused(path: Path, data: Any) -> None:
    records = [json.loads(line) for line in LINES]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(records) - 1))
        if isinstance(records[place], dict) and records[place] and data.draw(st.booleans()):
            records[place][data.draw(st.sampled_from(sorted(records[place])))] = data.draw(strange_values)
        else:
            records[place] = data.draw(strange_values)
    put(path, list(map(json.dumps, records)))
    tape: Tape | None = None
    message: tuple[str, ...] = ("",)
    try:
        tape = Tape("replay", path)
    except BadTape as error:
        message = error.lines
    assert max(map(len, message)) < 200
    if tape is None:
        return
    for body in (BODY, {"messages": [{"role": "user", "content": "(the key)"}]}):
        with suppress(TapeMismatch):
            tape.get_recorded_call("POST", "/v1/chat/completions", body)
    for call in reader.read_tape(path):
        assert tape_format.encode_calls([call])
