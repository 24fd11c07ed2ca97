"""The session file: a document is read back or refused, and no writer overwrites the changes of another one."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from support.paths import ROOT, TESTS
from support.saved_session import DAY, SAVED, SAVED_HISTORY
from support.saving_process import append_turn, session_with_turns, turn
from support.session_uses import use_session
from support.turns_strategy import histories, json_values, usages

from mimo_magics.core.errors import BadSessionFile, SessionNotSaved
from mimo_magics.core.messages import (
    Params,
    Usage,
    user_message,
)
from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.session.autosave import attach_file
from mimo_magics.session.history import History
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.session import Session
from mimo_magics.session.storage import session_file
from mimo_magics.session.storage.session_file import SavedSession, SessionFile, from_text, to_text

DOCS = ROOT / "docs" / "session-file.md"
posix = pytest.mark.skipif(os.name != "posix", reason="modes and limits of POSIX")


def document(saved: SavedSession = SAVED) -> dict[str, Any]:
    return json.loads(to_text(saved))


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


# The document


@given(histories(), st.builds(UnrecordedCalls, usages, st.floats(0, 1e9), is_cost_partial=st.booleans()))
def test_every_session_is_read_back_from_its_document(history: History, unrecorded: UnrecordedCalls) -> None:
    saved = SavedSession("main", DAY, history, unrecorded)
    assert from_text(to_text(saved)) == saved


def test_a_session_with_every_kind_of_content_is_read_back() -> None:
    assert from_text(to_text(SAVED)) == SAVED


def test_an_empty_session_is_read_back() -> None:
    assert from_text(to_text(SavedSession("", DAY, History()))) == SavedSession("", DAY, History())


def test_the_document_is_json_with_a_line_for_each_turn() -> None:
    saved = SavedSession(
        "main",
        DAY,
        History().append_turn(turn("one\n二")).append_turn(turn("two")),
        UnrecordedCalls(Usage(7, 3)),
    )
    data = {
        "preset": "mimo-v2",
        "api": "openai",
        "asked": 1.0,
        "params": {"model": "mimo-test"},
        "reply": {
            "message": {"role": "assistant", "parts": [{"type": "text", "text": ""}]},
            "stop": "end",
        },
    }
    one = {"role": "user", "parts": [{"type": "text", "text": "one\n二"}]}
    two = {"role": "user", "parts": [{"type": "text", "text": "two"}]}
    assert document(saved) == {
        "format": "mimo-magics session",
        "version": 2,
        "name": "main",
        "begun": "2026-11-22",
        "aside": {"input": 7, "output": 3},
        "aside_cost": 0.0,
        "head": 1,
        "turns": [{"after": -1, "prompt": one, **data}, {"after": 0, "prompt": two, **data}],
    }
    lines = to_text(saved).split("\n")
    assert [json.loads(line.rstrip(",")) for line in lines[9:11]] == document(saved)["turns"]
    assert "one\\n二" in lines[9]


def test_the_example_in_the_documentation_is_such_a_document() -> None:
    [example] = re.findall(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert to_text(from_text(example)) == example


def test_inherited_fields_are_saved_once() -> None:
    first = replace(turn("one"), system="Long. " * 100, tools=("clock",), summary="Before.")
    same = replace(first, prompt=user_message("two"))
    none = turn("three")
    history = (
        History()
        .append_turn(first)
        .append_turn(same)
        .append_turn(none)
        .drop_last(2)
        .append_turn(same)
        .move_to(-1)
        .append_turn(same)
    )
    data = document(SavedSession("main", DAY, history))["turns"]
    shared = {"system": first.system, "tools": ["clock"], "summary": "Before."}
    inherited = [{name: each[name] for name in shared if name in each} for each in data]
    assert inherited == [shared, {}, {"system": "", "tools": [], "summary": ""}, {}, shared]
    assert from_text(to_text(SavedSession("main", DAY, history))).history == history


def test_unknown_fields_are_ignored() -> None:
    data = document()
    data["later"] = {"deep": [1]}
    data["aside"]["later"] = 1
    data["turns"][0] |= {"later": 1, "history": []}
    data["turns"][0]["params"]["later"] = 1
    assert from_text(json.dumps(data)) == SAVED


def test_notices_in_replies_of_older_files_are_ignored() -> None:
    data = document()
    data["turns"][0]["reply"]["told"] = ["Asked again."]
    assert from_text(json.dumps(data)) == SAVED


@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_layout_of_the_json_does_not_matter(ascii_only: bool) -> None:
    assert from_text(json.dumps(document(), ensure_ascii=ascii_only, indent=1, sort_keys=True)) == SAVED


def test_the_size_of_the_document_is_proportional_to_the_turns() -> None:
    def size(count: int) -> int:
        history = History()
        for number in range(count):
            history = history.append_turn(
                replace(turn(str(number), 500), system="Long. " * 1_000, tools=("clock",))
            )
        return len(to_text(SavedSession("main", DAY, history)).encode())

    assert size(400) <= 2.1 * size(200)
    assert size(100) < 100 * 1_000


# Invalid documents


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "The text is not valid JSON"),
        ("{", "The text is not valid JSON"),
        ("[" * 100_000, "The text is not valid JSON"),
        (to_text(SAVED)[:-3], "The text is not valid JSON"),
        (to_text(SAVED) + "{}", "The text is not valid JSON"),
        (to_text(SAVED).replace("1e-09", "NaN"), "The text is not valid JSON"),
        (to_text(SAVED).replace("1e-09", "1e999"), "The text is not valid JSON"),
        (to_text(SAVED).replace("1e-09", "9" * 5_000), "The text is not valid JSON"),
        ("null", "The text is not a session file"),
        ('{"version": 1}', "The text is not a session file"),
        ('{"format": ["mimo-magics session"]}', "The text is not a session file"),
    ],
    ids=range(11),
)
def test_a_text_that_is_not_a_session_is_refused(text: str, fact: str) -> None:
    with pytest.raises(BadSessionFile, match=fact):
        from_text(text)


def test_a_newer_version_is_named_as_such() -> None:
    data = {"format": "mimo-magics session", "version": 3, "turns": "of another kind"}
    with pytest.raises(BadSessionFile, match="was written by a newer version") as caught:
        from_text(json.dumps(data), "talk.json")
    assert str(caught.value).startswith("talk.json ")
    assert "pip install --upgrade" in caught.value.hint


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 0},
        {"version": "1"},
        {"version": None},
        {"name": None},
        {"begun": "yesterday"},
        {"begun": 1},
        {"aside": [1]},
        {"aside": {"input": 10**400}},
        {"aside_cost": "1"},
        {"aside_cost_partial": "yes"},
        {"head": []},
        {"head": 4},
        {"head": -2},
        {"head": True},
        {"head": -1.0},
        {"head": None},
        {"head": 10**400},
        {"aside_cost": 1e308},
        {"aside_cost": -1},
        {"aside": {"input": -9}},
        {"aside": {"output": 2**62}},
        {"begun": "x" * 1_000},
        {"turns": [{"after": -1, "prompt": {"role": "user", "parts": [{"type": "\x1b\u202e" * 500}]}}]},
        {"turns": None},
        {"turns": {"0": {}}},
        {"turns": [None]},
        {"turns": [[]]},
        {"turns": [{}]},
        {"turns": [{"after": -1}]},
    ],
    ids=lambda each: str(each)[:60],
)
def test_a_damaged_document_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(BadSessionFile, match="The text is damaged") as caught:
        from_text(json.dumps(document() | damage))
    assert len(str(caught.value)) < 200
    assert INVISIBLE_CHARACTERS.findall(str(caught.value)) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"after": 1},
        {"after": 2},
        {"after": -2},
        {"after": True},
        {"after": "0"},
        {"after": [0]},
        {"after": None},
        {"after": 10**400},
        {"opens_branch": 1},
        {"is_undone": 1},
        {"asked": "now"},
        {"asked": True},
        {"api": "other"},
        {"tools": "clock"},
        {"tools": [1]},
        {"params": None},
        {"params": {"model": 1}},
        {"params": {}},
        {"spent": {"input": 0.5}},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "video"}]}}},
        {"reply": {"message": {"role": "assistant", "parts": "text"}}},
        {"reply": {"message": {"role": "user"}}},
        {"prompt": {"role": "user", "parts": [{"type": "tool_call", "id": "1", "name": "clock"}]}},
        {"prompt": "one"},
    ],
    ids=str,
)
def test_a_damaged_turn_is_refused(damage: dict[str, Any]) -> None:
    data = document()
    data["turns"][1] |= damage
    with pytest.raises(BadSessionFile, match="The text is damaged"):
        from_text(json.dumps(data))


@pytest.mark.parametrize("name", ["after", "prompt", "reply", "params", "preset", "api", "asked"])
def test_a_turn_without_one_of_its_fields_is_refused(name: str) -> None:
    data = document()
    del data["turns"][1][name]
    with pytest.raises(BadSessionFile, match="The text is damaged"):
        from_text(json.dumps(data))


@pytest.mark.parametrize("name", ["version", "name", "begun", "head", "turns"])
def test_a_document_without_one_of_its_fields_is_refused(name: str) -> None:
    data = document()
    del data[name]
    with pytest.raises(BadSessionFile, match="The text is damaged"):
        from_text(json.dumps(data))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value, as a container and a key."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


anything = st.one_of(
    json_values,
    st.sampled_from([float("nan"), float("inf"), 10**400, -1, 0, 1, 2, True, "", [], {}, [[]] * 50]),
    st.sampled_from([-9, 1e308, -1e308, 2**53, 2**62, "\x1b]0;title\x07\u202e" * 9, "../x", "x" * 1_000]),
    st.integers(1, 2_000).map(lambda depth: json.loads("[" * depth + "]" * depth) if depth < 900 else "deep"),
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Generate documents with replaced or missing values or characters."""
    data = json.loads(
        to_text(SavedSession("main", DAY, draw(histories()) if draw(st.booleans()) else SAVED_HISTORY))
    )
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(list(places(data))))
        if draw(st.integers(0, 3)):
            # The next change may be within this value.
            container[key] = deepcopy(draw(anything))
        else:
            del container[key]
    text = json.dumps(data)
    if draw(st.integers(0, 4)):
        return text
    begin = draw(st.integers(0, len(text)))
    return text[:begin] + draw(st.text(max_size=3)) + text[begin + draw(st.integers(0, 3)) :]


def walked(history: History) -> int:
    """Use every branch of a history."""
    ways = [history.turns, history.branches, history.stale_turns, list(history.unique_turns())]
    ways += [history.move_to(number).drop_last(1).turns for number in range(len(history.all_turns))]
    ways += [history.rewind_to_cell(each.cell).append_turn(each).turns for each in history.all_turns]
    ways += [history.remove_cells({each.cell}).turns for each in history.all_turns]
    return len(ways)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(damaged())
def test_a_damaged_document_is_read_or_refused_with_our_error(text: str) -> None:
    try:
        saved = from_text(text)
    except BadSessionFile:
        return
    assert walked(saved.history) >= 4
    assert from_text(to_text(saved)) == saved
    use_session(opened(saved))


def opened(saved: SavedSession) -> Session:
    session = Session(name=saved.name)
    session.history, session.unrecorded = saved.history, saved.unrecorded
    return session


# The file


def test_a_file_is_written_read_and_written_again(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "talk.json")
    file.write(SAVED)
    assert SessionFile(tmp_path / "talk.json").read() == SAVED
    file.write(session_with_turns(1))
    assert file.read() == session_with_turns(1)
    file.write(SAVED)
    assert (tmp_path / "talk.json").read_bytes() == to_text(SAVED).encode()
    assert files(tmp_path) == {"talk.json"}


def test_lone_surrogates_are_read_back_and_the_file_is_utf_8(tmp_path: Path) -> None:
    file, saved = SessionFile(tmp_path / "talk.json"), append_turn(session_with_turns(), "\\\udcff \ud83d!")
    file.write(saved)
    assert file.read() == saved
    assert "\\ud83d!" in (tmp_path / "talk.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"print('mine')\n",
        json.dumps(document() | {"version": 3}).encode(),
        json.dumps(document() | {"head": 9}).encode(),
    ],
    ids=range(5),
)
def test_a_file_that_cannot_be_read_stays_unchanged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "talk.json"
    path.write_bytes(content)
    before = path.stat()
    file = SessionFile(path)
    with pytest.raises(BadSessionFile, match=r"talk\.json "):
        file.read()
    with pytest.raises(SessionNotSaved, match="already exists"):
        file.write(SAVED)
    after = path.stat()
    assert path.read_bytes() == content
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_reading_does_not_change_the_file(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text(to_text(SAVED), encoding="utf-8-sig")
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert SessionFile(path).read() == SAVED
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert files(tmp_path) == {"talk.json"}


def test_reading_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadSessionFile, match=r"talk\.json cannot be read: No such file"):
        SessionFile(tmp_path / "talk.json").read()


def test_a_file_that_was_never_read_is_not_overwritten(tmp_path: Path) -> None:
    SessionFile(tmp_path / "talk.json").write(SAVED)
    with pytest.raises(SessionNotSaved, match=r"talk\.json already exists\."):
        SessionFile(tmp_path / "talk.json").write(session_with_turns())
    assert SessionFile(tmp_path / "talk.json").read() == SAVED


def test_the_second_of_two_writers_gets_an_error_and_overwrites_nothing(tmp_path: Path) -> None:
    first, second = SessionFile(tmp_path / "talk.json"), SessionFile(tmp_path / "talk.json")
    first.write(session_with_turns())
    saved = second.read()
    first.write(append_turn(saved, "first"))
    for _ in range(2):
        with pytest.raises(
            SessionNotSaved, match="was changed by another program since it was read"
        ) as caught:
            second.write(append_turn(saved, "second"))
    assert "Nothing is lost" in caught.value.hint
    assert SessionFile(tmp_path / "talk.json").read() == append_turn(saved, "first")
    second.write(append_turn(second.read(), "second"))
    assert [each.prompt.text for each in first.read().history.turns] == ["first", "second"]


def test_a_file_that_was_changed_by_hand_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    file = SessionFile(path)
    file.write(session_with_turns())
    path.write_text(to_text(session_with_turns()).replace("main", "mine"), encoding="utf-8")
    with pytest.raises(SessionNotSaved, match="was changed by another program"):
        file.write(SAVED)
    assert file.read() == replace(session_with_turns(), name="mine")


def test_a_deleted_file_is_not_written_again(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "talk.json")
    file.write(session_with_turns())
    file.path.unlink()
    with pytest.raises(SessionNotSaved, match="was moved or deleted since it was read"):
        file.write(SAVED)
    assert files(tmp_path) == set()
    SessionFile(file.path).write(SAVED)
    assert SessionFile(file.path).read() == SAVED


def test_a_session_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "talk.json")
    file.write(session_with_turns(2))
    sound = session_with_turns(2).history
    for history in [
        sound.replace_last(replace(turn("one"), params=Params("m", extra={"seed": float("nan")}))),
        sound.replace_last(replace(turn("one"), params=Params("m", extra={"seed": {1, 2}}))),
        replace(sound, parents=(1, 0)),
        replace(sound, head=7),
        replace(sound, head=-2),
    ]:
        with pytest.raises(SessionNotSaved, match="The session cannot be saved"):
            file.write(SavedSession("main", DAY, history))
    assert file.read() == session_with_turns(2)


def test_the_temporary_file_of_a_killed_writer_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".talk.json.tmp").write_text("half of some")
    file = SessionFile(tmp_path / "talk.json")
    file.write(SAVED)
    assert file.read() == SAVED
    assert files(tmp_path) == {"talk.json"}


def test_the_file_does_not_depend_on_the_current_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    file = SessionFile(Path("talk.json"))
    file.write(session_with_turns())
    monkeypatch.chdir(tmp_path / "elsewhere")
    file.write(SAVED)
    assert SessionFile(tmp_path / "talk.json").read() == SAVED


@posix
def test_a_symbolic_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "talk.json"
    link.symlink_to(Path("far") / "real.json")
    file = SessionFile(link)
    file.write(session_with_turns())
    file.write(SAVED)
    assert link.is_symlink()
    assert SessionFile(tmp_path / "far" / "real.json").read() == SAVED
    assert files(tmp_path) == {"talk.json", "far"}
    assert files(tmp_path / "far") == {"real.json"}


@posix
def test_a_file_keeps_its_mode_and_a_new_file_has_the_default_mode(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    file = SessionFile(tmp_path / "talk.json")
    file.write(session_with_turns())
    assert file.path.stat().st_mode == usual.stat().st_mode
    for mode in (0o600, 0o666, 0o640):
        file.path.chmod(mode)
        file.write(SAVED)
        assert stat.S_IMODE(file.path.stat().st_mode) == mode


def test_a_missing_folder_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        SessionNotSaved, match=r"talk\.json cannot be written: No such file or directory\."
    ) as caught:
        SessionFile(tmp_path / "missing" / "talk.json").write(SAVED)
    assert "Nothing is lost" in caught.value.hint
    with pytest.raises(SessionNotSaved, match="cannot be written: Not a directory"):
        SessionFile(tmp_path / "file" / "talk.json").write(SAVED)
    with pytest.raises(SessionNotSaved, match="already exists"):
        SessionFile(tmp_path).write(SAVED)
    assert files(tmp_path) == {"file"}


FULL = """
import resource, sys
from pathlib import Path
from support.saving_process import session_with_turns
from mimo_magics.core.errors import SessionNotSaved
from mimo_magics.session.storage.session_file import SessionFile

file = SessionFile(Path(sys.argv[1]))
saved = file.read()
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
for path in (file.path, file.path.with_name("new.json")):
    writer = SessionFile(path)
    if path.exists():
        writer.read()
    try:
        writer.write(session_with_turns(10, 2_000))
    except SessionNotSaved as error:
        print(error)
file.write(saved)
print("It can be written again.")
"""
READ_ONLY = """
import os, tempfile
from pathlib import Path
from support.saving_process import session_with_turns
from mimo_magics.core.errors import SessionNotSaved
from mimo_magics.session.storage.session_file import SessionFile

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    file = SessionFile(folder / "talk.json")
    file.write(session_with_turns(1))
    file.read()
    # For root no file is read-only. User 65534 owns the folder, but not the file.
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        os.setuid(65534)
    else:
        file.path.chmod(0o400)
    for writer, mode in ((file, 0o700), (SessionFile(folder / "new.json"), 0o500)):
        folder.chmod(mode)
        try:
            writer.write(session_with_turns(2))
        except SessionNotSaved as error:
            print(error)
    folder.chmod(0o700)
    print(file.read() == session_with_turns(1), sorted(each.name for each in folder.iterdir()))
"""


def run(code: str, *arguments: str) -> list[str]:
    """Run code in a new process, and return the lines that it printed."""
    ours = os.pathsep.join([str(TESTS), str(Path(session_file.__file__).parents[3])])
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": ours}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@posix
def test_a_full_disk_leaves_the_file_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    SessionFile(path).write(SAVED)
    assert run(FULL, str(path)) == [
        f"{path} cannot be written: File too large.",
        f"{tmp_path / 'new.json'} cannot be written: File too large.",
        "It can be written again.",
    ]
    assert SessionFile(path).read() == SAVED
    assert files(tmp_path) == {"talk.json"}


@posix
def test_a_read_only_file_or_folder_stays_unchanged() -> None:
    first, second, rest = run(READ_ONLY)
    assert first.endswith("talk.json cannot be written: Permission denied.")
    assert second.endswith("new.json cannot be written: Permission denied.")
    assert rest == "True ['talk.json']"


def test_an_invalid_file_name_is_an_error(tmp_path: Path) -> None:
    session, path = Session(), tmp_path / ("x" * 3_000)
    with pytest.raises(SessionNotSaved, match="cannot be written: File name too long") as caught:
        session.save(path)
    assert len(str(caught.value)) < 500
    attach_file(session, path)
    with pytest.raises(SessionNotSaved, match="File name too long"):
        session.clear()
    with pytest.raises(BadSessionFile, match="cannot be read: File name too long"):
        Session.load(path)
