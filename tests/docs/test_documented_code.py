"""Every code block of the README and the documentation is run: as a cell, a script, a command or a file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from support.kernel import Kernel
from support.paths import ROOT
from support.programs import run_program

from mimo_magics import Session
from mimo_magics.client.local import weights
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.config import pyproject
from mimo_magics.tape import tape

DOCUMENTS = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "zh-TW"),
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
]
"""The Chinese pages have the same blocks: `test_translations` compares them."""
NO_CODE = ("text", "{toctree}", "{from-code}", "{eval-rst}")
"""Blocks that are not code, and directives of the site, which run when the site is built."""
CONFIGURATION, TEST = "c = get_config()", "\ndef test_"
SHORT = {"MIMO_MAX_TOKENS": "20", "MIMO_TEMPERATURE": "0"}
"""Settings for code that sets none: no test depends on the text that the model samples."""
OWN = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}


@dataclass(frozen=True, slots=True)
class Block:
    """A code block."""

    document: Path
    section: str
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}: {self.section}"


def blocks(document: Path) -> Iterator[Block]:
    section = ""
    tokens = MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8"))
    for token, following in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        if token.type == "heading_open":
            section = following.content
        if token.type == "fence":
            yield Block(document, section, token.info.split(" ")[0], token.content)


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]


def written_in(language: str, *, like: str = "", unlike: tuple[str, ...] = ()) -> list[Block]:
    return [
        block
        for block in BLOCKS
        if block.language == language
        and like in block.code
        and not any(other in block.code for other in unlike)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a notebook and the files of the examples, as a reader has one."""
    if not find_spec("xllamacpp") or not weights.get_weights_path("smollm2-135m").exists():
        pytest.skip("the embedded model is missing: pip install 'mimo-magics[local]', make weights")
    shutil.copy(ROOT / "notebooks" / "00_first_answer.ipynb", tmp_path / "lesson.ipynb")
    (tmp_path / "notes.md").write_text("# Notes\n\nThe tide in Keelung is high at noon.\n", encoding="utf-8")
    (tmp_path / "ports.csv").write_text("port,high\nKeelung,12:00\nHualien,11:30\n", encoding="utf-8")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {
        **OWN,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), OWN.get("PATH", "")]),
        "MIMO_PRESET": "local",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
        # The packages of the documented commands are installed already.
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def run(*command: str, folder: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    return run_program(command, cwd=folder, env=environment(folder), input=typed)


def test_every_block_is_in_a_language_that_a_test_runs() -> None:
    assert {block.language for block in BLOCKS} - {*NO_CODE} == {"", "bash", "json", "python", "toml"}


@pytest.mark.parametrize(
    "document", sorted({block.document for block in written_in("")}), ids=lambda path: path.stem
)
def test_cells_run_in_order_in_a_kernel(document: Path, folder: Path) -> None:
    with Kernel(folder, **{**environment(folder), **SHORT}) as kernel:
        kernel.run("%load_ext mimo_magics")
        section = ""
        for block in blocks(document):
            if block.section != section:
                section = block.section
                kernel.run("%mimo_config --reset")
            if not block.language:
                assert kernel.run(block.code, watched=False).error == [], block.code


@pytest.mark.parametrize("block", written_in("python", unlike=(CONFIGURATION, TEST)), ids=str)
def test_scripts_print_something_and_give_no_warning(block: Block, folder: Path) -> None:
    assert block.code.count('preset="local"') == block.code.count("temperature=0")
    result = run(sys.executable, "-W", "error", "-c", block.code, folder=folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip() != ""


@pytest.mark.parametrize("block", written_in("python", like=CONFIGURATION), ids=str)
def test_a_new_shell_reads_the_configuration(block: Block, folder: Path) -> None:
    profile = folder / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(block.code, encoding="utf-8")
    result = run(sys.executable, "-m", "IPython", "-c", "%mimo_config max_tokens", folder=folder)
    assert [line.split()[:3] for line in result.stdout.splitlines()[1:]] == [
        ["max_tokens", "2000", "configuration"]
    ]


@pytest.mark.parametrize("block", written_in("python", like=TEST), ids=str)
def test_documented_tests_pass_while_recording_and_while_replaying(block: Block, folder: Path) -> None:
    (folder / "conftest.py").write_text("", encoding="utf-8")
    (folder / "test_it.py").write_text(block.code, encoding="utf-8")
    for mode in ("record", "replay"):
        result = run(
            sys.executable,
            *("-m", "pytest", "-q", "-p", "mimo_magics.testing", "--mimo-tape", mode),
            folder=folder,
        )
        assert "1 passed" in result.stdout, result.stdout
    assert list((folder / "tapes").iterdir()) != []


@pytest.mark.parametrize("block", written_in("bash", unlike=("make ",)), ids=str)
def test_shell_commands_succeed(block: Block, folder: Path) -> None:
    result = run("bash", "-euc", block.code, folder=folder, typed="a key\n")
    output = result.stdout + result.stderr
    assert (result.returncode, "WARNING: mimo-magics" in result.stderr) == (0, False), output
    if "--nbval" in block.code:
        assert " passed" in result.stdout


@pytest.mark.parametrize("block", written_in("bash", like="make "), ids=str)
def test_make_targets_are_part_of_the_ci_check(block: Block) -> None:
    """The targets install packages and run these tests, so no test can run them."""
    check = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    if block.document.name == "CONTRIBUTING.md":
        # The targets of this page only have to exist.
        check = " ".join(
            re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        )
    targets = [word for line in block.code.splitlines() for word in line.split()[1:] if "=" not in word]
    assert [target for target in targets if target not in check.split()] == []


@pytest.mark.parametrize("block", written_in("toml"), ids=str)
def test_project_settings_are_read(block: Block, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(block.code, encoding="utf-8")
    _, table = pyproject.find_project_settings(tmp_path)
    assert table == tomllib.loads(block.code)["tool"]["mimo"]
    assert set(table) <= pyproject.ALLOWED_SETTINGS
    Settings(**{name: tuple(value) if isinstance(value, list) else value for name, value in table.items()})


@pytest.mark.parametrize("block", written_in("json"), ids=str)
def test_documented_files_can_be_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "described"
    path.write_text(block.code, encoding="utf-8")
    if block.document.stem == "tape-file":
        assert tape.Tape("replay", path).call_count == 1
    else:
        assert len(Session.load(str(path)).history.all_turns) == len(json.loads(block.code)["turns"])
