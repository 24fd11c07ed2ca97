"""A working folder that was deleted: no project and no `.env`, and all else works or says in two lines why not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel import Kernel
from support.peer import Peer

DELETED_FOLDER = (
    "import os, tempfile\n"
    "before, folder = os.getcwd(), tempfile.mkdtemp()\n"
    "os.chdir(folder)\n"
    "os.rmdir(folder)"
)


@pytest.fixture
def homeless(kernel: Kernel, peer: Peer) -> Iterator[Kernel]:
    """A kernel without a working folder."""
    kernel.run("%mimo one")
    assert kernel.run(DELETED_FOLDER).status == "ok"
    yield kernel
    kernel.run("os.chdir(before)")
    kernel.run("del os.environ['JPY_SESSION_NAME']")


@pytest.mark.parametrize("session_name", ["", "/notebooks/talk.ipynb", "talk.ipynb"])
def test_without_a_working_folder_all_works_that_needs_no_folder(homeless: Kernel, session_name: str) -> None:
    homeless.run(f"os.environ['JPY_SESSION_NAME'] = {session_name!r}")
    for code in (
        "%unload_ext mimo_magics\n%load_ext mimo_magics",
        "%mimo two",
        "%%mimo\nthree",
        "%%mimo_compare --repeat 2\nfour",
        "%mimo_session",
        "%mimo_session show",
        "%mimo_config temperature=0.5",
        "%mimo_models",
        "%mimo_panel",
        "%mimo_tape",
        "%mimo_usage",
        "%mimo --dry-run five",
    ):
        assert (code, homeless.run(code).error) == (code, [])


@pytest.mark.parametrize("session_name", ["", "/nowhere/talk.ipynb", "talk.ipynb"])
@pytest.mark.parametrize(
    "code",
    [
        "%mimo_session save",
        "%mimo_session save here.json",
        "%mimo_session export here.md",
        "%mimo_session export here.json",
        "%mimo_session load here.json",
        "%mimo_session new other\n%mimo_session resume",
        "%mimo_session new other\n%mimo_session resume here.ipynb",
        "%mimo_session from-notebook here.ipynb",
        "%mimo_config autosave=on\n%mimo two",
        "%mimo_config tape=record:here.jsonl\n%mimo two",
        "%mimo_tape record here.jsonl\n%mimo two",
        "%mimo_tape replay here.jsonl",
    ],
)
def test_what_needs_a_folder_says_in_two_lines_that_there_is_none(
    homeless: Kernel, code: str, session_name: str
) -> None:
    homeless.run(f"os.environ['JPY_SESSION_NAME'] = {session_name!r}")
    ran = homeless.run(code)
    homeless.run("%mimo_tape off\n%mimo_config --reset")
    assert ran.status == "error"
    assert 1 <= len(ran.error) <= 2
    assert "Traceback" not in "".join(ran.error)


def test_a_file_with_an_absolute_path_is_written_all_the_same(homeless: Kernel, tmp_path: Path) -> None:
    for code in (
        f"%mimo_session save {tmp_path / 'here.json'}",
        f"%mimo_session export {tmp_path / 'here.md'}",
        f"%mimo_config autosave=on notebook={tmp_path / 'here.ipynb'}",
        "%mimo two",
    ):
        assert homeless.run(code).error == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["here.json", "here.md", "here.mimo.json"]
