"""The tables of the documentation agree with the code: those that are generated, and those that are written by hand."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from support.paths import ROOT

from mimo_magics.core import services
from mimo_magics.core.i18n_zh_tw import TRANSLATIONS
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS

FEATURES = ("parameters", "rows", "sessions", "tools", "tapes", "prompts", "speech", "fix", "front-ends")
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-TW.md",
    *(ROOT / "docs" / f"{name}.md" for name in (*FEATURES, "guide", "how-to", "faq")),
    *(ROOT / "docs" / "zh-TW" / f"{name}.md" for name in FEATURES),
]
"""The pages whose tables are written by hand."""
COMMANDS = {
    "sessions.md": MAGICS["%mimo_session"].command_names,
    "tools.md": MAGICS["%mimo_tools"].command_names,
    "tapes.md": MAGICS["%mimo_tape"].command_names,
    "prompts.md": MAGICS["%mimo_prompts"].command_names,
    "parameters.md": MAGICS["%mimo_compare"].command_names,
}
"""The commands of a magic, by the page that has them in a table."""


@pytest.fixture(scope="module")
def from_code() -> ModuleType:
    """Return the module that generates the tables of the site."""
    spec = spec_from_file_location("from_code", ROOT / "docs" / "from_code.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_spans(text: str) -> list[str]:
    """Return the code within the lines of a page, without that of blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def first_cells(text: str) -> str:
    """Return the first column of all tables of a page."""
    return "\n".join(re.findall(r"^\| (.*?) \|", text.replace("\\|", "/"), flags=re.MULTILINE))


def test_the_table_of_options_has_each_option_with_its_help(from_code: ModuleType) -> None:
    rows = [(option.signature.replace("|", "\\|"), option.help.replace("|", "\\|")) for option in OPTIONS]
    table = [row.replace("`", "") for row in from_code.options()][2:]
    assert table == [f"| {flags} | {help_} |" for flags, help_ in rows]


def test_the_chinese_table_of_options_has_the_words_of_the_screen(from_code: ModuleType) -> None:
    rows = list(from_code.options("zh-TW"))[2:]
    screen = [TRANSLATIONS.get(option.help, "") for option in OPTIONS]
    assert [help_ for help_, row in zip(screen, rows, strict=True) if help_ not in row] == []


def test_each_generated_table_is_on_a_page(from_code: ModuleType) -> None:
    reference = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").iterdir()
    )
    assert set(re.findall(r"\{from-code\} (\w+)", reference)) == set(from_code.TABLES)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_option_that_a_page_names_exists(page: Path, from_code: ModuleType) -> None:
    flags = {flag for option in (*OPTIONS, *COMPARISON_OPTIONS) for flag in option.all_flags}
    help_pages = "\n".join(from_code.magics())
    named = {
        flag
        for code in code_spans(page.read_text(encoding="utf-8"))
        if not re.match(r"(pip|jupyter|pytest|keyring|make|--mimo-tape)\b", code)
        for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)
    }
    assert {flag for flag in named - flags if flag not in help_pages} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_setting_that_a_page_sets_exists(page: Path) -> None:
    names = {
        name
        for code in code_spans(page.read_text(encoding="utf-8"))
        if code.startswith("%mimo_config ") and "MimoConfig" not in code
        for name in re.findall(r"(?:^| )(\w+)=", code)
    }
    assert names - {setting.name for setting in fields(Settings)} == set()


@pytest.mark.parametrize("folder", ["docs", "docs/zh-TW"])
def test_the_settings_of_sessions_exist(folder: str) -> None:
    table = read(f"{folder}/sessions.md").rpartition("\n## ")[2]
    names = re.findall(r"`(\w+)=", first_cells(table))
    assert len(names) > 5
    assert set(names) - {setting.name for setting in fields(Settings)} == set()


@pytest.mark.parametrize("folder", ["docs", "docs/zh-TW"])
def test_each_command_of_a_magic_is_in_the_table_of_its_page(folder: str) -> None:
    missing = [
        (page, command)
        for page, commands in COMMANDS.items()
        for command in commands
        if not re.search(rf"(?<!-)\b{command}\b", first_cells(read(f"{folder}/{page}")))
    ]
    assert missing == []
    sessions = read(f"{folder}/sessions.md")
    assert [name for name in MAGICS["%mimo"].command_names if f"`%mimo {name}" not in sessions] == []


@pytest.mark.parametrize(("readme", "folder"), [("README.md", "docs"), ("README.zh-TW.md", "docs/zh-TW")])
def test_the_tables_name_each_magic_and_each_preset(readme: str, folder: str) -> None:
    tables = "\n".join(
        first_cells(read(name)) for name in (readme, *(f"{folder}/{page}.md" for page in FEATURES))
    )
    assert {magic for magic in MAGICS if f"`{magic}" not in tables} == set()
    assert [preset for preset in services.SERVICES if f"`{preset}`" not in tables] == []
