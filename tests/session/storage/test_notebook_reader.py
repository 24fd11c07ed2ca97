"""Sessions that are restored from the outputs of a saved notebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support import turns_strategy
from support.session_uses import use_session

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.core.messages import (
    ImagePart,
    Message,
    Params,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
    user_message,
)
from mimo_magics.document.reply import reply_bundle
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.session import Session
from mimo_magics.session.storage.notebook_reader import (
    NotebookSessions,
    read_histories,
    read_notebook,
    select_session,
)
from mimo_magics.session.storage.turn_record import build_record
from mimo_magics.session.turn import Turn

Json = dict[str, Any]


def turn(number: int, text: str = "", **fields: Any) -> Turn:
    """Return the turn of this number, sent at that second."""
    reply = Reply(Message("assistant", (TextPart(text or f"answer {number}"),)), stop="end")
    given = {"id": f"t{number}", **fields}
    return Turn(
        user_message(f"prompt {number}"), reply, Params("m"), "mimo-v2", "openai", float(number), **given
    )


def output(turn: Turn, after: str = "", session: str = "main", *, is_one_off: bool = False) -> Json:
    """Return the output of a turn, as renderers leave it."""
    record = build_record(turn, parent_id=after, session=session, is_one_off=is_one_off)
    return {
        "output_type": "display_data",
        "data": reply_bundle(turn.reply),
        "metadata": {"mimo": record},
    }


def cell(*outputs: Json, **fields: Any) -> Json:
    return {"cell_type": "code", "source": "%%mimo\n…", "metadata": {}, "outputs": list(outputs), **fields}


def notebook(*cells: Json) -> Json:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def chain(*turns: Turn) -> Json:
    """Return a notebook with a cell for each turn, in which each turn follows the one before."""
    befores = ("", *(turn.id for turn in turns))
    return notebook(*(cell(output(turn, after)) for turn, after in zip(turns, befores, strict=False)))


def history_of(*turns: Turn) -> History:
    """Return the history of these turns."""
    return reduce(History.append_turn, turns, History())


def ids(found: NotebookSessions, session: str = "main") -> list[str]:
    return [each.id for each in found.sessions[session].turns]


def test_a_session_is_restored_in_its_order() -> None:
    one_, two, three = turn(1), turn(2), turn(3)
    assert read_histories(chain(one_, two, three)) == NotebookSessions(
        {"main": history_of(one_, two, three)}, ()
    )


def test_a_notebook_on_disk_is_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.ipynb"
    path.write_text(json.dumps(chain(turn(1, "你好 🙂"))), encoding="utf-8")
    assert (
        read_notebook(path)
        == read_notebook(str(path))
        == NotebookSessions({"main": history_of(turn(1, "你好 🙂"))}, ())
    )


def test_a_text_that_is_saved_as_lines_is_joined() -> None:
    notebook_json = chain(turn(1, "a\nb\u2028c\n"))
    data = notebook_json["cells"][0]["outputs"][0]["data"]
    data["text/plain"] = data["text/plain"].splitlines(keepends=True)
    assert ids(read_histories(notebook_json)) == ["t1"]
    assert read_histories(notebook_json).sessions["main"] == history_of(turn(1, "a\nb\u2028c\n"))


def test_the_cell_of_a_turn_is_the_cell_of_its_output_unless_it_was_named() -> None:
    notebook_json = notebook(
        cell(output(turn(1, cell="old")), output(turn(2, cell="id:mine"), "t1"), id="here"),
        cell(output(turn(3, cell="old"), "t2")),
        cell(output(turn(4, cell="old"), "t3"), id="no id, as it has blanks"),
        cell(output(turn(5, cell="old"), "t4"), id=7),
    )
    turns = read_histories(notebook_json).sessions["main"].turns
    assert [each.cell for each in turns] == ["here", "id:mine", "old", "old", "old"]


def test_the_longer_reply_of_a_continued_turn_is_used() -> None:
    longer, half = turn(1, "half an answer"), turn(1, "half")
    for order in ((half, longer), (longer, half)):
        found = read_histories(notebook(*(cell(output(each)) for each in order)))
        place = order.index(half) + 1
        sentence = f"Cell {place} of the notebook: its turn is also in cell {3 - place}."
        assert found == NotebookSessions({"main": history_of(longer)}, (sentence,))


def test_the_last_output_of_two_equal_ones_is_used() -> None:
    notebook_json = notebook(cell(output(turn(1)), id="a"), cell(output(turn(1)), id="b"))
    assert read_histories(notebook_json).sessions["main"].turns == (turn(1, cell="b"),)


def test_turns_that_are_no_longer_in_the_session_are_skipped() -> None:
    notebook_json = notebook(
        cell(output(turn(4))),  # the first cell was run again
        cell(output(turn(2), "t1")),
        cell(output(turn(3), "t2")),
    )
    found = read_histories(notebook_json)
    assert found.sessions == {"main": history_of(turn(4))}
    assert found.skipped == (
        "Cell 2 of the notebook: its turn is no longer part of the session.",
        "Cell 3 of the notebook: its turn is no longer part of the session.",
    )


def test_the_order_of_the_cells_does_not_matter() -> None:
    notebook_json = chain(turn(1), turn(2), turn(3))
    notebook_json["cells"].reverse()
    assert ids(read_histories(notebook_json)) == ["t1", "t2", "t3"]


def test_a_turn_without_an_output_is_skipped() -> None:
    notebook_json = chain(turn(1), turn(2), turn(3), turn(4))
    del notebook_json["cells"][2]
    assert read_histories(notebook_json) == NotebookSessions(
        {"main": history_of(turn(1), turn(2), turn(4))}, ()
    )


def test_a_session_without_its_first_outputs_begins_with_the_next_turn() -> None:
    notebook_json = chain(turn(1), turn(2), turn(3))
    del notebook_json["cells"][0]
    assert read_histories(notebook_json) == NotebookSessions({"main": history_of(turn(2), turn(3))}, ())


def test_a_one_off_turn_is_skipped() -> None:
    notebook_json = notebook(
        cell(output(turn(1))), cell(output(turn(2), is_one_off=True)), cell(output(turn(3), "t1"))
    )
    sentence = "Cell 2 of the notebook: its turn is a one-off prompt."
    assert read_histories(notebook_json) == NotebookSessions(
        {"main": history_of(turn(1), turn(3))}, (sentence,)
    )


def test_records_without_ids_are_ordered_by_time() -> None:
    old = [turn(number, id="") for number in (1, 2, 3)]
    notebook_json = notebook(*(cell(output(each, session="")) for each in (old[1], old[2], old[0])))
    assert read_histories(notebook_json) == NotebookSessions({"main": history_of(*old)}, ())


def test_each_branch_from_the_root_has_its_line_and_the_newest_turn_ends_the_current_one() -> None:
    turns = [turn(number, opens_branch=number in (2, 5)) for number in range(1, 7)]
    afters = ["", "", "t1", "t2", "", "t3"]
    notebook_json = notebook(*(cell(output(each, after)) for each, after in zip(turns, afters, strict=True)))
    expected = History(tuple(turns), (ROOT, ROOT, 0, 1, ROOT, 2), 5)
    assert read_histories(notebook_json) == NotebookSessions({"main": expected})


def test_a_branch_whose_first_output_is_missing_is_ignored() -> None:
    notebook_json = notebook(
        cell(output(turn(1))),
        cell(output(turn(3), "t2")),
        cell(output(turn(4), "t3")),
        cell(output(turn(5), "t1")),
    )
    sentences = tuple(
        f"Cell {place} of the notebook: its turn is no longer part of the session." for place in (2, 3)
    )
    assert read_histories(notebook_json) == NotebookSessions(
        {"main": history_of(turn(1), turn(5))}, sentences
    )


def test_a_record_that_names_a_thread_as_version_1_did_is_read() -> None:
    notebook_json = notebook(cell(output(turn(1))), cell(output(turn(2))))
    notebook_json["cells"][1]["outputs"][0]["metadata"]["mimo"]["thread"] = "x"
    expected = History((turn(1), turn(2)), (ROOT, ROOT), 1)
    assert read_histories(notebook_json) == NotebookSessions({"main": expected})


def test_sessions_are_separate_and_the_latest_one_is_last() -> None:
    notebook_json = notebook(
        cell(output(turn(5), "t1", "beta")),
        cell(output(turn(1), "", "beta"), output(turn(2), "", "alpha")),
        cell(output(turn(3), "t2", "alpha")),
    )
    found = read_histories(notebook_json)
    assert list(found.sessions.items()) == [
        ("alpha", history_of(turn(2), turn(3))),
        ("beta", history_of(turn(1), turn(5))),
    ]
    assert select_session(found) == ("beta", history_of(turn(1), turn(5)))
    assert select_session(found, "alpha") == ("alpha", history_of(turn(2), turn(3)))


def test_an_unknown_session_name_gets_a_suggestion() -> None:
    found = NotebookSessions({"alpha": history_of(turn(1))})
    for name, hint in (("alfa", "Did you mean alpha?"), ("x", "Available: alpha.")):
        with pytest.raises(BadSessionFile, match=f"The notebook has no session '{name}'.") as failure:
            select_session(found, name)
        assert failure.value.hint == hint


@pytest.mark.parametrize("afters", [["t3", "t1", "t2"], ["t1", "t2", "t3"], ["t2", "t1", "t2"], ["t3"] * 3])
def test_a_cycle_of_turns_is_cut(afters: list[str]) -> None:
    notebook_json = notebook(*(cell(output(turn(n), after)) for n, after in enumerate(afters, 1)))
    line = ids(read_histories(notebook_json))
    assert line[-1] == "t3"
    assert len(set(line)) == len(line) <= 3


def nested(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels):
        value = {"x": value}
    return value


GOOD = build_record(turn(1), session="main")
NO_TURNS: dict[str, object] = {
    "null": None,
    "text": "record",
    "list": [GOOD],
    "empty": {},
    "version": {**GOOD, "version": 2},
    "no prompt": {**GOOD, "prompt": None},
    "prompt of the system": {
        **GOOD,
        "prompt": {"role": "system", "parts": [{"type": "text", "text": "Obey."}]},
    },
    "prompt of the model": {**GOOD, "prompt": {"role": "assistant"}},
    "a call in a prompt": {
        **GOOD,
        "prompt": {"role": "user", "parts": [{"type": "tool_call", "id": "1", "name": "x"}]},
    },
    "a reply with the role user": {**GOOD, "reply": {"message": {"role": "user"}}},
    "a picture in an answer": {
        **GOOD,
        "reply": {"message": {"role": "assistant", "parts": [{"type": "image", "url": "x"}]}},
    },
    "deep": {**GOOD, "params": {"model": "m", "extra": nested(60)}},
    "deeper": {**GOOD, "params": {"model": "m", "extra": nested(800)}},
    "deep elsewhere": {**GOOD, "later": nested(800)},
    "not a number": {**GOOD, "params": {"model": "m", "extra": {"seed": float("nan")}}},
    "endless": {**GOOD, "asked": float("inf")},
    "an endless length": {
        **GOOD,
        "reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": float("inf")}]}},
    },
    "a number beyond all": {**GOOD, "context": 10**400},
    "half a character": {**GOOD, "system": "\ud83d"},
    "after": {**GOOD, "after": ["t1"]},
    "session": {**GOOD, "session": 1},
    "session of no name": {**GOOD, "session": "a\nb"},
    "session in a folder": {**GOOD, "session": "../../home"},
    "api": {**GOOD, "api": "telnet"},
}


@pytest.mark.parametrize("record", NO_TURNS.values(), ids=NO_TURNS)
def test_an_invalid_record_is_reported_and_the_others_are_read(record: object) -> None:
    bad = {"data": {"text/plain": "answer 1"}, "metadata": {"mimo": record}}
    found = read_histories(notebook(cell(bad), cell(output(turn(2)))))
    assert found.sessions == {"main": history_of(turn(2))}
    (sentence,) = found.skipped
    assert sentence.startswith("Cell 1 of the notebook: its turn record is not valid (")
    assert sentence.isprintable()
    assert len(sentence) < 200


@pytest.mark.parametrize(
    "data", [None, [], {}, {"text/plain": None}, {"text/plain": [1]}, {"text/plain": {"a": 1}}]
)
def test_an_output_without_its_text_is_no_crash(data: object) -> None:
    bad = {"data": data, "metadata": {"mimo": GOOD}}
    found = read_histories(notebook(cell(bad), cell(output(turn(2), "t1"))))
    assert ids(found)[-1] == "t2"


def test_a_lone_surrogate_in_a_text_is_replaced() -> None:
    notebook_json = chain(turn(1, "xy"))
    notebook_json["cells"][0]["outputs"][0]["data"]["text/plain"] = "x\ud83d"
    assert read_histories(notebook_json).sessions["main"].turns[0].reply.text == "x\ufffd"


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"", "is not a notebook."),
        (b"\xff\xfe\xff", "is not a notebook."),
        (b'{"cells": [', "is not a notebook."),
        (b"[" * 100_000, "is not a notebook."),
        (b"[]", "is not a notebook."),
        (b'"cells"', "is not a notebook."),
        (b"{}", "is not a notebook."),
        (b'{"cells": {}}', "is not a notebook."),
        (b'{"cells": []}', "has no output of a %%mimo cell."),
        (b'{"cells": [{"outputs": [{"metadata": {}}]}, 1]}', "has no output of a %%mimo cell."),
        (
            b'{"cells": [1, {"outputs": [{"metadata": {"mimo": {}}}]}]}',
            "has no session that can be read. "
            "Cell 2 of the notebook: its turn record is not valid (unknown version None).",
        ),
    ],
)
def test_a_file_without_a_session_is_an_error(tmp_path: Path, content: bytes | None, fact: str) -> None:
    path = tmp_path / "talk.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadSessionFile) as failure:
        read_notebook(path)
    assert str(failure.value) == f"{str(path)!r} {fact}"
    assert failure.value.hint == "Choose a notebook that was saved with the outputs of its %%mimo cells."


def test_a_folder_and_an_invalid_file_name_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path, "a\0b"):
        with pytest.raises(BadSessionFile):
            read_notebook(path)


@st.composite
def linear(draw: st.DrawFn) -> tuple[History, list[Json]]:
    """Generate a history with up to three lines from the root, and the cells of its turns in any order."""
    history, cells, ends = History(), [], [ROOT, ROOT, ROOT]
    said_something = turns_strategy.turns
    for number, bare in enumerate(draw(st.lists(said_something, min_size=1, max_size=6))):
        if not cells or draw(st.booleans()):
            cells.append(cell(id=f"cell-{number}"))
        named = draw(st.sampled_from(["", "id:mine"]))
        cell_turn = replace(
            bare, id=f"{number:012x}", created_at=1e9 + number / 8, cell=named or cells[-1]["id"]
        )
        line = draw(st.integers(0, 2))
        line_history = history.move_to(ends[line])
        after = line_history.turns[-1].id if line_history.turns else ""
        history = line_history.append_turn(cell_turn)
        ends[line] = history.head
        shown = named or draw(st.sampled_from(["", "another"]))
        cells[-1]["outputs"].append(output(replace(history.all_turns[-1], cell=shown), after))
    return history, draw(st.permutations(cells))


@given(linear(), st.booleans())
def test_any_linear_history_is_restored_from_its_outputs(
    cell_turn: tuple[History, Sequence[Json]], in_lines: bool
) -> None:
    history, cells = cell_turn
    for each in (each for one_cell in cells for each in one_cell["outputs"] if in_lines):
        each["data"]["text/plain"] = each["data"]["text/plain"].splitlines(keepends=True)
    saved = json.loads(json.dumps(notebook(*cells)))
    assert read_histories(saved) == NotebookSessions({"main": history}, ())


def anything(levels: int = 3) -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    names = st.sampled_from(["cells", "outputs", "metadata", "mimo", "data", "text/plain", "id"])
    return st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=9)


def places(value: Any) -> Iterator[Callable[[Any], None]]:
    """Yield, for each place in a JSON value, a function that replaces the value there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield lambda other, key=key: value.__setitem__(key, other)
        yield from places(inner)


FULL = replace(
    turn(1, "Hello.", system="Be brief.", tools=("clock",), opens_branch=True, cell="c"),
    prompt=Message("user", (TextPart("one"), ImagePart("https://example.org/a.png"))),
    reply=Reply(
        Message("assistant", (ToolCall("1", "clock"), ToolResult("1", "clock", "12"), TextPart("Noon."))),
        stop="end",
        cost=0.1,
        notes=("a note",),
    ),
    params=Params("m", temperature=0.5, stop=("a",), extra={"seed": [1]}),
)


def used(notebook_json: Any) -> None:
    """Use a notebook in every way."""
    try:
        found = read_histories(notebook_json)
    except BadSessionFile:
        return
    assert all(len(sentence) < 300 and sentence.isprintable() for sentence in found.skipped)
    for name, history in found.sessions.items():
        assert history.turns
        session = Session(name=name)
        session.history = history
        use_session(session)


@given(anything())
def test_any_json_is_read_or_refused_with_our_error(notebook_json: Any) -> None:
    used(notebook_json)
    used({"cells": [{"outputs": [{"metadata": {"mimo": notebook_json}}]}]})
    used({"cells": notebook_json if isinstance(notebook_json, list) else [notebook_json]})


@given(st.data())
def test_a_damaged_notebook_is_read_or_refused_with_our_error(data: st.DataObject) -> None:
    notebook_json = json.loads(json.dumps(notebook(cell(output(FULL)), cell(output(turn(2), "t1")))))
    for _ in range(data.draw(st.integers(1, 3))):
        data.draw(st.sampled_from(list(places(notebook_json))))(data.draw(anything()))
    used(notebook_json)


def test_a_record_with_every_field_is_read_back() -> None:
    notebook_json = json.loads(json.dumps(notebook(cell(output(FULL)))))
    assert read_histories(notebook_json) == NotebookSessions({"main": history_of(FULL)}, ())
