"""The candidates for the lines of the magics."""

from dataclasses import fields

import pytest
from support.completion_choices import CHOICES, completed_texts, offered_texts

from mimo_magics.core.settings import Settings
from mimo_magics.notebook.cell_request import CONTINUE_COMMAND
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.completion.choices import CompletionResult
from mimo_magics.notebook.completion.matcher import complete
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS_BY_FLAG

V2 = ["mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni"]


XIAOMI = ["mimo-v2.6-pro", "mimo-v2.6-flash", "mimo-v2.6-pro-ultraspeed"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%%mimo --mo", ["%%mimo --model"]),
        ("%%mimo -t 0.2 --no-h", ["%%mimo -t 0.2 --no-history"]),
        ("%%mimo --no-s", ["%%mimo --no-stream"]),
        ("\n  %%mimo --tim", ["\n  %%mimo --timeout"]),
        ("%%mimo\t--form", ["%%mimo\t--format"]),
        ("%%mimo -f j", ["%%mimo -f json"]),
        ("%%mimo -q -f ", [f"%%mimo -q -f {each}" for each in ("markdown", "text", "json", "table", "code")]),
        ("%%mimo --format=te", ["%%mimo --format=text"]),
        ("%%mimo --thinking ", ["%%mimo --thinking on", "%%mimo --thinking off"]),
        ("%%mimo --web-search f", ["%%mimo --web-search force"]),
        ("%%mimo --web-search --mo", ["%%mimo --web-search --model"]),
        ("%%mimo --as o", ["%%mimo --as openai"]),
        ("%%mimo --preset x", ["%%mimo --preset xiaomi"]),
        ("%%mimo -s mimo-", ["%%mimo -s mimo-zh"]),
        ("%%mimo --tool-choice ", [f"%%mimo --tool-choice {each}" for each in ("auto", "none", "required", "weather")]),
        ("%%mimo --tools ", ["%%mimo --tools weather", "%%mimo --tools clock"]),
        ("%%mimo --tools weather,c", ["%%mimo --tools weather,clock"]),
        ('%%mimo --tools "weather, c', []),
        ("%%mimo --session m", ["%%mimo --session main", '%%mimo --session "my trip"']),
        ('%%mimo --session "my', ['%%mimo --session "my trip']),
        ("%%mimo --session='my", ["%%mimo --session='my trip"]),
        ("%%mimo -o c", ["%%mimo -o city", "%%mimo -o clock", "%%mimo -o count"]),
        ("%%mimo -m ", [f"%%mimo -m {each}" for each in V2]),
        ("%%mimo --preset xiaomi -m mimo-v2.6", [f"%%mimo --preset xiaomi -m {each}" for each in XIAOMI]),
        ("%%mimo --preset local --model=", ["%%mimo --preset local --model=mimo-local"]),
        ("%%mimo --preset missing -m ", []),
        ("x = %mimo -f te", ["x = %mimo -f text"]),
        ("print(1)\n  a[0] = %mimo --no-str", ["print(1)\n  a[0] = %mimo --no-stream"]),
        ("%mimo_speak --sty", ["%mimo_speak --style"]),
        ("%%mimo_speak --format m", ["%%mimo_speak --format mp3"]),
        ("%mimo_speak --voice default_", [f"%mimo_speak --voice default_{each}" for each in ("zh", "en")]),
        ("%mimo_speak --preset xiaomi --voice Mi", [f"%mimo_speak --preset xiaomi --voice {each}" for each in ("Mia", "Milo")]),
        ("%mimo_speak -m ", ["%mimo_speak -m mimo-v2-tts"]),
        ("%mimo_speak Good {ci", ["%mimo_speak Good {city"]),
        ("%mimo_transcribe a.wav --language z", ["%mimo_transcribe a.wav --language zh"]),
        ("%%mimo_compare --rep", ["%%mimo_compare --repeat"]),
        ("%%mimo_compare --model mimo-v2-pro mimo-v2-f", ["%%mimo_compare --model mimo-v2-pro mimo-v2-flash"]),
        ("%%mimo_compare --thinking on o", ["%%mimo_compare --thinking on on", "%%mimo_compare --thinking on off"]),
        ("%%mimo_compare -t 0 -1 --at", ["%%mimo_compare -t 0 -1 --at-once"]),
        (
            "%%mimo_compare --preset local xiaomi -m mimo-",
            [f"%%mimo_compare --preset local xiaomi -m {each}" for each in ("mimo-local", *XIAOMI)],
        ),
    ],
)  # fmt: skip
def test_options_and_their_values_are_completed(text: str, expected: list[str]) -> None:
    assert completed_texts(text)[: len(expected) or None] == expected


@pytest.mark.parametrize("flag", ["--image", "--audio", "--video"])
def test_media_are_variables_and_files(flag: str) -> None:
    found = complete(f"%%mimo {flag} ci", CHOICES)
    assert found
    assert ([each.text for each in found.candidates], found.fallback) == (["city"], "files")


@pytest.mark.parametrize(
    "text",
    ["%%mimo -t ", "%%mimo --id x", "%%mimo tell me a", "%%mimo -q tell", "%%mimo --nonsense a", "%mimo tell me ab"],
)  # fmt: skip
def test_free_text_has_no_candidates(text: str) -> None:
    found = complete(text, CHOICES)
    assert found
    assert (found.candidates, found.fallback) == ((), "none")


def test_every_flag_is_offered_where_an_option_may_begin() -> None:
    assert offered_texts("%%mimo ") == list(OPTIONS_BY_FLAG)
    assert offered_texts("%%mimo_compare ") == [
        flag for option in COMPARISON_OPTIONS for flag in option.all_flags
    ]
    assert offered_texts("%mimo ") == [*MAGICS["%mimo"].command_names, *OPTIONS_BY_FLAG]
    assert offered_texts("%mimo -q ") == [CONTINUE_COMMAND, *OPTIONS_BY_FLAG]
    values_and_flags = offered_texts("%%mimo_compare -m mimo-v2-pro ")
    assert values_and_flags[:4] == [*V2, "--preset"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%mimo sh", ["%mimo show"]),
        ("%mimo con", ["%mimo continue"]),
        ("%mimo -m mimo-v2-pro con", ["%mimo -m mimo-v2-pro continue"]),
        ("%mimo -q sh", []),
        ("%mimo_config tem", ["%mimo_config temperature="]),
        ("%mimo_config stream=off api_", []),
        ("%mimo_config api", ["%mimo_config api=", "%mimo_config api_key"]),
        ("%mimo_config --", [f"%mimo_config {each}" for each in ("--reset", "--save", "--use", "--delete")]),
        ("%mimo_config stream=", ["%mimo_config stream=on", "%mimo_config stream=off"]),
        ("%mimo_config thinking=o", ["%mimo_config thinking=on", "%mimo_config thinking=off"]),
        ("%mimo_config thinking=d", ["%mimo_config thinking=default"]),
        ("%mimo_config overflow=d", ["%mimo_config overflow=drop-oldest"]),
        ("%mimo_config temperature=d", ["%mimo_config temperature=default"]),
        ("%mimo_config preset=l", ["%mimo_config preset=local"]),
        ('%mimo_config system="mimo-', ['%mimo_config system="mimo-zh']),
        ("%mimo_config preset=xiaomi model=mimo-v2.6-f", ["%mimo_config preset=xiaomi model=mimo-v2.6-flash"]),
        ("%mimo_config --reset temp", ["%mimo_config --reset temperature"]),
        ("%mimo_config --reset api strea", ["%mimo_config --reset api stream"]),
        ("%mimo_config --use s", ["%mimo_config --use strict"]),
        ("%mimo_config --save s", ["%mimo_config --save strict"]),
        ("%mimo_config --delete ", ["%mimo_config --delete strict"]),
        ("%mimo_config --delete strict ", []),
        ("%mimo_config --use strict strea", ["%mimo_config --use strict stream="]),
        ("%mimo_session from", ["%mimo_session from-notebook"]),
        ("%mimo_session switch ", ["%mimo_session switch main", '%mimo_session switch "my trip"']),
        ("%mimo_session branch", ["%mimo_session branches", "%mimo_session branch"]),
        ("%mimo_session branch ", []),
        ("%mimo_session rename ma", ["%mimo_session rename main"]),
        ("%mimo_session delete 'my", ["%mimo_session delete 'my trip"]),
        ("%mimo_session new ", []),
        ("%mimo_session new x --", ["%mimo_session new x --system"]),
        ("%mimo_session new x --system mimo-", ["%mimo_session new x --system mimo-zh"]),
        ("%mimo_session fork 'a b' ", ["%mimo_session fork 'a b' --at"]),
        ("%mimo_session fork x --at ", []),
        ("%mimo_session export a.md -", ["%mimo_session export a.md --to"]),
        ("%mimo_session export a --to h", ["%mimo_session export a --to html"]),
        ("%mimo_session rename main ", []),
        ("%mimo_tools a", ["%mimo_tools add", "%mimo_tools add-mcp"]),
        ("%mimo_tools add ", ["%mimo_tools add clock"]),
        ("%mimo_tools remove ", ["%mimo_tools remove weather"]),
        ("%mimo_tools confirm we", ["%mimo_tools confirm weather="]),
        ("%mimo_tools confirm weather=o", ["%mimo_tools confirm weather=once_per_session"]),
        ("%mimo_tools add-mcp ", []),
        ("%mimo_tools add-mcp time --", ["%mimo_tools add-mcp time --url"]),
        ('%mimo_usage "my t', ['%mimo_usage "my trip']),
        ("%mimo_models lo", ["%mimo_models local"]),
        ("%mimo_models local x", []),
        ("%mimo_compare d", ["%mimo_compare diff"]),
        ("%mimo_compare diff ", []),
        ("%mimo_panel ", ["%mimo_panel insert"]),
    ],
)  # fmt: skip
def test_each_line_magic_completes_its_subcommands_and_arguments(text: str, expected: list[str]) -> None:
    profiles.save("strict", {})
    assert completed_texts(text) == expected


def test_the_candidates_come_from_the_tables() -> None:
    assert offered_texts("%mimo_session ") == list(MAGICS["%mimo_session"].command_names)
    assert offered_texts("%mimo_session export a --to ") == ["md", "html", "py", "curl", "json"]
    assert offered_texts("%mimo_tools ") == ["add", "remove", "confirm", "add-mcp"]
    assert offered_texts("%mimo_compare ") == ["show", "diff", "adopt"]
    assert offered_texts("%mimo_config --reset ") == [each.name for each in fields(Settings)]


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("%mimo_session load a", "files"),
        ("%mimo_session export ", "files"),
        ("%mimo_config notebook=a", "files"),
        ("%mimo_tools add-mcp time uv", "files"),
        ("%mimo_tools add-mcp time npx --u", "files"),
        ("%mimo_config base_url=h", "none"),
        ("%mimo_config temperature=0", "none"),
        ("%mimo_config nonsense=a", "none"),
        ("%mimo_config nonsense", "none"),
        ("%mimo_config preset=a", "none"),
        ("%mimo_session undo 1", "none"),
    ],
)
def test_only_paths_are_left_to_the_matcher_of_file_names(text: str, others: str) -> None:
    found = complete(text, CHOICES)
    assert found
    assert (found.candidates, found.fallback) == ((), others)


def test_a_raw_prompt_has_no_references() -> None:
    assert complete("%%mimo --raw\n{ci", CHOICES) == CompletionResult()
    assert complete("%mimo --raw Tell me: {ci", CHOICES) == CompletionResult()
