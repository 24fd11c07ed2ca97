"""Large media of a session: in files beside its file, in turn records, and when files are missing or changed."""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from support.saving_process import turn

from mimo_magics import Session
from mimo_magics.core.messages import AudioPart, ImagePart, Message, TextPart
from mimo_magics.session.autosave import attach_file, move_file
from mimo_magics.session.history import History
from mimo_magics.session.media_reference import split_data_url
from mimo_magics.session.storage.session_file import SavedSession, SessionFile
from mimo_magics.session.storage.turn_record import build_record
from mimo_magics.session.turn import Turn

DAY = date(2026, 11, 22)
SMALL = "data:image/png;base64,AAAA"


def data_url(number: int, kind: str = "image/png", size: int = 60_000) -> str:
    """Return data that begins like a PNG image or a WAV file."""
    head = b"\x89PNG\r\n\x1a\n" if kind == "image/png" else b"RIFF\0\0\0\0WAVE"
    return f"data:{kind};base64,{b64encode(head + bytes([number]) * size).decode()}"


def name_of(url: str) -> str:
    found = split_data_url(url)
    assert found
    return found[0].file_name


def with_media(number: int, *urls: str) -> Turn:
    parts = (AudioPart(url) if url.startswith("data:audio") else ImagePart(url) for url in urls)
    return replace(turn(number), prompt=Message("user", (TextPart("Look"), *parts)))


def saved(*turns: Turn) -> SavedSession:
    history = History()
    for each in turns:
        history = history.append_turn(each)
    return SavedSession("main", DAY, history)


PICTURE, SOUND = data_url(1), data_url(2, "audio/wav")
SAVED = saved(with_media(1, PICTURE, SMALL), with_media(2, SOUND, PICTURE, "https://a.example/x.png"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "talk.mimo.json"


def files(path: Path) -> list[str]:
    folder = path.with_name("talk.mimo.media")
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


def test_large_media_is_in_files_and_small_media_in_the_session_file(path: Path) -> None:
    SessionFile(path).write(SAVED)
    assert files(path) == sorted([name_of(PICTURE), name_of(SOUND)])
    text = path.read_text(encoding="utf-8")
    assert len(text) < 5_000
    assert SMALL in text
    assert SessionFile(path).read() == SAVED


def test_a_session_file_with_long_data_urls_still_loads(path: Path) -> None:
    SessionFile(path).write(saved(with_media(1, SMALL)))
    path.write_text(path.read_text(encoding="utf-8").replace(SMALL, PICTURE), encoding="utf-8")
    assert SessionFile(path).read() == saved(with_media(1, PICTURE))


def test_a_file_is_written_once(path: Path) -> None:
    file = SessionFile(path)
    file.write(SAVED)
    stored = path.with_name("talk.mimo.media") / name_of(PICTURE)
    os.utime(stored, (1, 1))
    file.write(replace(SAVED, name="other"))
    assert stored.stat().st_mtime == 1


def test_a_file_that_another_program_cut_is_written_again(path: Path) -> None:
    file = SessionFile(path)
    file.write(SAVED)
    (path.with_name("talk.mimo.media") / name_of(PICTURE)).write_bytes(b"cut")
    file.write(replace(SAVED, name="other"))
    assert SessionFile(path).read() == replace(SAVED, name="other")


@pytest.mark.parametrize("change", ["missing", "cut", "longer", "other data", "folder", "link", "pipe"])
def test_a_missing_or_changed_file_leaves_the_turn(path: Path, change: str) -> None:
    SessionFile(path).write(SAVED)
    stored = path.with_name("talk.mimo.media") / name_of(PICTURE)
    data = stored.read_bytes()
    stored.unlink()
    if sys.platform == "win32" and change in ("link", "pipe"):
        return
    match change:
        case "cut":
            stored.write_bytes(data[:-1])
        case "longer":
            stored.write_bytes(data + b"x")
        case "other data":
            stored.write_bytes(b"x" * len(data))
        case "folder":
            stored.mkdir()
        case "link":
            (path.parent / "data").write_bytes(data)
            stored.symlink_to(path.parent / "data")
        case "pipe":
            os.mkfifo(stored)
    session = Session.load(path)
    prompt = session.turns[0].prompt
    assert [type(part) for part in prompt.parts] == [TextPart, ImagePart, ImagePart]
    assert session.turns[1].prompt.parts[1] == AudioPart(SOUND)
    draft = session.draft("And now?", preset="mimo-v2", model="unknown-model")
    assert "(Media of this prompt is missing" in json.dumps(draft.body)
    assert "media:sha256" not in json.dumps(draft.body)
    # The reference is not lost by saving the session again.
    session.save(path.with_name("copy.json"))
    assert prompt == SessionFile(path.with_name("copy.json")).read().history.turns[0].prompt


def test_data_of_another_type_than_its_reference_is_not_used(path: Path) -> None:
    (picture,) = SAVED.history.turns[0].prompt.parts[1:2]
    fake = replace(picture, url=data_url(3, "audio/wav").replace("audio/wav", "image/png"))
    message = Message("user", (TextPart("Look"), fake))
    SessionFile(path).write(saved(replace(turn("1"), prompt=message)))
    assert SessionFile(path).read().history.turns[0].prompt.parts[1].url.startswith("media:sha256-")


def test_a_name_in_a_session_file_leads_nowhere_else(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    SessionFile(path).write(saved(with_media(1, SMALL)))
    reference = "media:sha256-../secret;image/png;6"
    path.write_text(path.read_text(encoding="utf-8").replace(SMALL, reference), encoding="utf-8")
    (part,) = SessionFile(path).read().history.turns[0].prompt.parts[1:]
    assert part == ImagePart(reference)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs a privilege for symbolic links")
def test_a_folder_that_is_a_link_is_not_used(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    path.with_name("talk.mimo.media").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="symbolic link"):
        SessionFile(path).write(SAVED)
    assert not list((tmp_path / "elsewhere").iterdir())
    assert not path.exists()


def test_clearing_a_session_removes_its_files_and_no_others(path: Path) -> None:
    session = Session()
    attach_file(session, path)
    session.update_history(SAVED.history)
    assert len(files(path)) == 2
    (path.with_name("talk.mimo.media") / "mine.png").write_bytes(b"x")
    session.clear()
    assert files(path) == ["mine.png"]


def test_a_moved_session_takes_its_files_along(path: Path) -> None:
    session = Session()
    attach_file(session, path)
    session.update_history(SAVED.history)
    move_file(session, path.with_name("new.mimo.json"), keeps_old=False)
    assert not path.with_name("talk.mimo.media").exists()
    assert SessionFile(path.with_name("new.mimo.json")).read().history == SAVED.history


def notebook_of(*turns: Turn) -> dict[str, object]:
    outputs = [
        {"data": {"text/plain": each.reply.text}, "metadata": {"mimo": build_record(each, session="main")}}
        for each in turns
    ]
    return {"cells": [{"id": f"c{number}", "outputs": [each]} for number, each in enumerate(outputs)]}


def test_a_record_has_small_media_and_references_of_large_media(path: Path) -> None:
    record = json.dumps(build_record(SAVED.history.turns[0]))
    assert len(record) < 2_000
    assert SMALL in record
    assert "media:sha256-" in record


def test_a_notebook_finds_the_media_of_its_session_file(path: Path) -> None:
    notebook = path.with_name("talk.ipynb")
    notebook.write_text(json.dumps(notebook_of(*SAVED.history.turns[:1])), encoding="utf-8")
    (missing,) = Session.from_notebook(notebook).turns
    assert missing.prompt.parts[1].url.startswith("media:sha256-")
    SessionFile(path).write(SAVED)
    (found,) = Session.from_notebook(notebook).turns
    assert found.prompt == SAVED.history.turns[0].prompt
