"""Profiles: files in the configuration folder of the user, and how the store applies them."""

import json
import os
from pathlib import Path

import pytest
from support.config_table import shown_rows

from mimo_magics.core.errors import BadOption, SessionNotSaved
from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.store import MimoConfig


@pytest.fixture
def folder() -> Path:
    """Return the folder of the profiles."""
    return Path(os.environ["XDG_CONFIG_HOME"]) / "mimo-magics" / "profiles"


@pytest.fixture(autouse=True)
def _run_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_profile_is_a_readable_json_file(folder: Path) -> None:
    profiles.save("strict", {"temperature": 0.2, "stop": ["END"], "system": "簡短"})
    assert (folder / "strict.json").read_text(encoding="utf-8") == (
        '{\n  "stop": [\n    "END"\n  ],\n  "system": "簡短",\n  "temperature": 0.2\n}\n'
    )
    assert profiles.read("strict") == {"temperature": 0.2, "stop": ["END"], "system": "簡短"}
    assert [file.name for file in folder.iterdir()] == ["strict.json"]


def test_a_profile_contains_a_default_that_differs_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIMO_TEMPERATURE", "0.7")
    config = MimoConfig()
    run_config_command("temperature=default", config)
    run_config_command("--save plain", config)
    assert profiles.read("plain") == {"temperature": None}
    other = MimoConfig()
    run_config_command("--use plain", other)
    assert (MimoConfig().temperature, other.temperature) == (0.7, None)


def test_profiles_are_listed_and_deleted() -> None:
    assert profiles.list_profiles() == ()
    profiles.save("b", {})
    profiles.save("a", {"top_p": 1})
    profiles.save("a", {"top_p": 0.5})
    assert profiles.list_profiles() == ("a", "b")
    assert profiles.read("a") == {"top_p": 0.5}
    profiles.delete("a")
    assert profiles.list_profiles() == ("b",)


@pytest.mark.parametrize("name", ["", ".hidden", "--use", "../up", "a/b", "a b", "a\n", "x" * 61])
def test_an_invalid_name_reaches_no_file(name: str, folder: Path) -> None:
    for act in (profiles.read, profiles.delete, lambda each: profiles.save(each, {})):
        with pytest.raises(BadOption, match="is not a valid profile name"):
            act(name)
    assert not folder.exists()


def test_a_missing_profile_is_an_error() -> None:
    with pytest.raises(BadOption) as caught:
        profiles.read("strict")
    assert caught.value.hint == "To save one: %mimo_config --save strict"
    profiles.save("strict", {})
    with pytest.raises(BadOption) as caught:
        profiles.delete("strikt")
    assert (str(caught.value), caught.value.hint) == ("There is no profile 'strikt'.", "Did you mean strict?")


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_reported_and_can_be_replaced(content: bytes, folder: Path) -> None:
    profiles.save("strict", {})
    (folder / "strict.json").write_bytes(content)
    with pytest.raises(BadOption, match="The file of profile 'strict' is not valid JSON"):
        profiles.read("strict")
    assert shown_rows("--use", MimoConfig()) == [["strict", "invalid", "profile"]]
    profiles.save("strict", {"top_p": 1})
    assert profiles.read("strict") == {"top_p": 1}


def test_a_read_only_folder_is_an_error(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")
    with pytest.raises(SessionNotSaved, match="Profile 'strict' could not be written: "):
        profiles.save("strict", {})


def test_changed_settings_are_saved_and_applied(folder: Path) -> None:
    config = MimoConfig()
    run_config_command("--save strict temperature=0.2 stop=END thinking=off", config)
    assert json.loads((folder / "strict.json").read_text()) == {
        "stop": ["END"],
        "temperature": 0.2,
        "thinking": False,
    }
    other = MimoConfig()
    other.write("top_p", "1")
    run_config_command("--use strict", other)
    assert (other.temperature, other.stop, other.thinking, other.top_p) == (0.2, ["END"], False, 1)
    assert {name: other.sources[name] for name in ("temperature", "top_p", "model")} == {
        "temperature": "profile strict",
        "top_p": "notebook",
        "model": "default",
    }


def test_another_profile_undoes_the_first_one() -> None:
    profiles.save("one", {"temperature": 0.1, "top_p": 0.1})
    profiles.save("two", {"temperature": 0.2})
    config = MimoConfig()
    run_config_command("--use one", config)
    assert shown_rows("--use two max_tokens=5", config) == [
        ["temperature", "0.2", "profile"],
        ["max_tokens", "5", "notebook"],
    ]
    assert (config.top_p, config.sources["top_p"]) == (None, "default")


def test_invalid_values_are_reported_and_the_others_apply() -> None:
    """A newer version may have written the profile, so it is not an error."""
    profiles.save("odd", {"temperature": "warm", "new": 1, "preset": "nowhere", "top_p": 0.5, "stop": [1]})
    config = MimoConfig()
    lines = run_config_command("--use odd max_tokens=5", config)["text/plain"].splitlines()
    assert [line.split()[:2] for line in lines[1:-1]] == [["top_p", "0.5"], ["max_tokens", "5"]]
    assert lines[-1] == (
        "Profile odd: the values of new, preset, stop, temperature are invalid and were ignored."
    )
    assert (config.top_p, config.max_tokens, config.preset) == (0.5, 5, "mimo-v2")


def test_names_in_a_file_are_escaped(folder: Path) -> None:
    profiles.save("odd", {"<script>\x1b[31m": 1})
    page = run_config_command("--use odd", MimoConfig())
    assert "<script" not in page["text/html"]
    assert "\x1b" not in page["text/plain"]


@pytest.mark.parametrize("number", ["1" + "0" * 400, "NaN", "Infinity", "true"])
def test_a_number_that_is_not_finite_is_not_applied(number: str, folder: Path) -> None:
    profiles.save("odd", {})
    (folder / "odd.json").write_text(f'{{"temperature": {number}}}')
    config = MimoConfig()
    assert config.apply_profile("odd", profiles.read("odd")) == ("temperature",)
    assert (config.temperature, config.sources["temperature"]) == (None, "default")


@pytest.mark.parametrize("value", [object(), "\ud800", {1: {2}}])
def test_a_value_without_a_json_form_leaves_the_profile_unchanged(value: object, folder: Path) -> None:
    profiles.save("strict", {"top_p": 1})
    with pytest.raises(SessionNotSaved, match="Profile 'strict' cannot be written as JSON"):
        profiles.save("strict", {"param": {"a": value}})
    assert profiles.read("strict") == {"top_p": 1}
    assert [file.name for file in folder.iterdir()] == ["strict.json"]


def test_changes_of_the_user_stay_unless_the_profile_sets_them() -> None:
    config = MimoConfig()
    run_config_command("temperature=0.9 top_p=0.9", config)
    seen = []
    config.observe(lambda change: seen.append((change.name, change.new)), ["temperature", "top_p"])
    config.apply_profile("one", {"temperature": 0.1})
    config.apply_profile("two", {"max_tokens": 5})
    assert seen == [("temperature", 0.1), ("temperature", None)]
    assert {name: config.sources[name] for name in ("temperature", "top_p", "max_tokens")} == {
        "temperature": "default",
        "top_p": "notebook",
        "max_tokens": "profile two",
    }
