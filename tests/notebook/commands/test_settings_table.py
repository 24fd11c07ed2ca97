"""The table of all settings: changed ones first, the others folded by group."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from support.cells import CELL_ATTRIBUTES
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml, find_harm, reparse_html

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.config.store import MimoConfig

GROUPS = ["Service", "Sampling", "Session", "Display", "Safety"]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MimoConfig:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIMO_API_KEY", raising=False)
    return MimoConfig()


def first_words(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()]


def test_changed_settings_and_the_key_are_first(config: MimoConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMO_TOP_P", "0.5")
    config.reload()
    config.write("temperature", "0.3")
    top, *groups = run_config_command("", config)["text/plain"].split("\n\n")
    assert [line.split()[:3] for line in top.splitlines()] == [
        ["setting", "value", "source"],
        ["temperature", "0.3", "notebook"],
        ["top_p", "0.5", "MIMO_TOP_P"],
        ["api_key", "–", "API"],
    ]
    assert [group.splitlines()[0] for group in groups] == GROUPS
    assert [first_words(group)[2:4] for group in groups] == [
        ["preset", "api"],
        ["max_tokens", "stop"],
        ["tool_choice", "max_steps"],
        ["stream", "format"],
        ["budget", "turn_budget"],
    ]


def test_every_setting_is_in_the_table_once(config: MimoConfig) -> None:
    config.write("model", "mine")
    shown = run_config_command("", config)["text/plain"]
    names = {setting.name for setting in fields(Settings)}
    assert sorted(word for word in first_words(shown.replace("\n\n", "\n")) if word in names) == sorted(names)


def test_a_group_is_folded_and_its_line_names_its_settings(config: MimoConfig) -> None:
    page = run_config_command("", config)["text/html"]
    assert re.findall(r'<details><summary dir="auto">(\w+): [a-z_]+, ', page) == GROUPS
    members = [setting.name for setting in fields(Settings) if setting.metadata["group"] == "safety"]
    assert f'<summary dir="auto">Safety: {", ".join(members)}</summary>' in page
    config.sources.update(dict.fromkeys(members, "notebook"))
    assert "Safety" not in run_config_command("", config)["text/html"]


def test_each_setting_has_one_line_and_its_whole_text_as_a_tooltip(config: MimoConfig) -> None:
    config.write("system", '"Two\\nlines and ' + "more " * 100 + '"')
    bundle = run_config_command("", config)
    (line,) = [each for each in bundle["text/plain"].splitlines() if each.startswith("system")]
    assert "Two lines and more" in line
    assert len(line) < 160
    assert '<span style="white-space:nowrap" title="Two lines and more more' in bundle["text/html"]
    assert max(map(len, bundle["text/plain"].splitlines())) < 200


def test_a_named_setting_is_shown_whole(config: MimoConfig) -> None:
    text = "more " * 60
    config.write("system", text)
    assert text.strip() in run_config_command("system", config)["text/plain"]
    assert run_config_command("thinking_form", config)["text/plain"].endswith("OpenAI format only.")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_are_text(config: MimoConfig, name: str) -> None:
    for setting in ("model", "base_url", "system", "notebook"):
        setattr(config, setting, HOSTILE[name])
    config.stop, config.param = [HOSTILE[name]], {"x": HOSTILE[name]}
    bundle = run_config_command("", config)
    assert find_unexpected(ParsedHtml(bundle["text/html"]).found, CELL_ATTRIBUTES) == []
    assert find_harm(reparse_html(bundle["text/html"]), CELL_ATTRIBUTES) == []
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e]", bundle["text/plain"])


def test_the_groups_are_translated(config: MimoConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Translatable, "language", "zh-TW")
    shown = run_config_command("", config)["text/plain"].split("\n\n")
    assert [group.splitlines()[0] for group in shown[1:]] == ["服務", "取樣", "工作階段", "顯示", "安全"]
    assert first_words(shown[-1])[1] == "設定"
