"""What Tab offers: by the text up to the cursor, in a kernel as notebooks ask it, and in a terminal."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pexpect
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from support.kernel import Kernel
from support.kernels import NAMES, need

from mimo_magics.core.settings import Settings
from mimo_magics.notebook import comparison_run, extension
from mimo_magics.notebook.cell_request import CONTINUE_COMMAND
from mimo_magics.notebook.commands import (
    config as config_command,
    reply as reply_command,
    session as session_command,
    tools as tools_command,
)
from mimo_magics.notebook.completion.choices import Candidate, Choices, CompletionResult
from mimo_magics.notebook.completion.lines import (
    CELL_OPTIONS,
    COMMAND_OPTIONS,
    LINE_COMPLETERS,
    PATH_COMMANDS,
    SESSION_NAME_COMMANDS,
)
from mimo_magics.notebook.completion.matcher import complete
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.extension import MAGICS
from mimo_magics.notebook.magics import MimoMagics
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS_BY_FLAG


@dataclass(frozen=True, slots=True)
class Slotted:
    inner: Any


class Booby:
    """Its properties are not to be touched."""

    plain = SimpleNamespace(leaf=1)

    @property
    def trap(self) -> None:
        raise AssertionError

    def method(self) -> None: ...


class Trapped(dict[str, Any]):
    def __missing__(self, key: str) -> None:
        raise AssertionError


class Broken:
    def __dir__(self) -> list[str]:
        raise RuntimeError


def clock() -> None: ...


VARIABLES = {
    "city": "Tokyo",
    "count": 3,
    "clock": clock,
    "_hidden": 1,
    "__never": 1,
    "booby": Booby(),
    "slotted": Slotted(SimpleNamespace(deep=1)),
    "rows": [{"first name": SimpleNamespace(x=1), "it's": 2, "{": 3, 4: 5}],
    "filled": defaultdict(dict, a={}),
    "trapped": Trapped(a=1),
    "broken": Broken(),
    "frame": pd.DataFrame({"town": [1], "year": [2]}),
}
CHOICES = Choices(Settings(), VARIABLES, sessions=("main", "my trip"), tools=("weather",))
V2 = ["mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni"]
XIAOMI = ["mimo-v2.6-pro", "mimo-v2.6-flash", "mimo-v2.6-pro-ultraspeed"]


def offered(text: str, choices: Choices = CHOICES) -> list[str]:
    found = complete(text, choices)
    assert found
    return [each.text for each in found.candidates]


def completed(text: str) -> list[str]:
    """The text as it is when a candidate was taken."""
    found = complete(text, CHOICES)
    assert found
    assert text.endswith(found.fragment)
    return [f"{text.removesuffix(found.fragment)}{each.text}" for each in found.candidates]


SILENT = CompletionResult()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%mi",
        "%mimo",
        "%%mimo",
        "%%mimo_compare",
        "x = 5 %mimo",
        "5 %mimo_config te",
        "print('%mimo -t",
        "%%bash\n%mimo -",
        "%%bash\n%%mimo -",
        "%%time\nte",
        "%%mimo_config te",
        "%timeit x",
        "%%mimox --mo",
        "x.\n%mimo --mo\nx.",
    ],
)
def test_what_is_none_of_ours_is_left_to_others(text: str) -> None:
    assert complete(text, CHOICES) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%%mimo --mo", ["%%mimo --model"]),
        ("%%mimo -t 0.2 --no-h", ["%%mimo -t 0.2 --no-history"]),
        ("%%mimo --no-s", ["%%mimo --no-stream"]),
        ("\n  %%mimo --tim", ["\n  %%mimo --timeout"]),
        ("%%mimo\t--form", ["%%mimo\t--format"]),
        ("%%mimo -f j", ["%%mimo -f json"]),
        ("%%mimo -q -f ", ["%%mimo -q -f markdown", "%%mimo -q -f text", "%%mimo -q -f json"]),
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
        ("%%mimo --preset nobody -m ", []),
        ("x = %mimo -f te", ["x = %mimo -f text"]),
        ("print(1)\n  a[0] = %mimo --no-str", ["print(1)\n  a[0] = %mimo --no-stream"]),
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
    assert completed(text)[: len(expected) or None] == expected


@pytest.mark.parametrize(
    "text",
    ["%%mimo -t ", "%%mimo --id x", "%%mimo tell me a", "%%mimo -q tell", "%%mimo --nonsense a", "%mimo tell me ab"],
)  # fmt: skip
def test_where_the_place_is_known_and_nothing_to_choose_nothing_is_offered(text: str) -> None:
    found = complete(text, CHOICES)
    assert found
    assert (found.candidates, found.fallback) == ((), "none")


def test_every_flag_is_offered_where_one_may_stand() -> None:
    assert offered("%%mimo ") == list(OPTIONS_BY_FLAG)
    assert offered("%%mimo_compare ") == [flag for option in COMPARISON_OPTIONS for flag in option.all_flags]
    assert offered("%mimo ") == [*reply_command.COMMANDS, CONTINUE_COMMAND, *OPTIONS_BY_FLAG]
    assert offered("%mimo -q ") == [CONTINUE_COMMAND, *OPTIONS_BY_FLAG]
    values_and_flags = offered("%%mimo_compare -m mimo-v2-pro ")
    assert values_and_flags[:4] == [*V2, "--preset"]


def test_every_value_of_a_choice_is_offered_behind_each_flag_that_takes_one() -> None:
    for flag, option in OPTIONS_BY_FLAG.items():
        choices = list(option.argparse.get("choices", ()))
        assert choices == [] or offered(f"%%mimo {flag} ")[: len(choices)] == choices


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%mimo sh", ["%mimo show"]),
        ("%mimo con", ["%mimo continue"]),
        ("%mimo -m mimo-v2-pro con", ["%mimo -m mimo-v2-pro continue"]),
        ("%mimo -q sh", []),
        ("%mimo_config tem", ["%mimo_config temperature="]),
        ("%mimo_config stream=off api_", []),
        ("%mimo_config ap", ["%mimo_config api=", "%mimo_config api_key"]),
        ("%mimo_config --", [f"%mimo_config {each}" for each in config_command.FLAGS]),
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
        ("%mimo_usage my t", ["%mimo_usage my trip"]),
        ("%mimo_models lo", ["%mimo_models local"]),
        ("%mimo_models local x", []),
        ("%mimo_compare d", ["%mimo_compare diff"]),
        ("%mimo_compare diff ", []),
        ("%mimo_panel ", ["%mimo_panel insert"]),
    ],
)  # fmt: skip
def test_each_line_magic_completes_its_words(text: str, expected: list[str]) -> None:
    profiles.save("strict", {})
    assert completed(text) == expected


def test_the_words_are_those_of_the_tables() -> None:
    assert offered("%mimo_session ") == list(session_command.COMMANDS)
    assert offered("%mimo_session export a --to ") == ["md", "html", "py", "curl", "json"]
    assert offered("%mimo_tools ") == list(tools_command.COMMANDS)
    assert offered("%mimo_compare ") == list(comparison_run.COMMANDS)
    assert offered("%mimo_config --reset ") == [each.name for each in fields(Settings)]
    assert {*SESSION_NAME_COMMANDS, *PATH_COMMANDS, *COMMAND_OPTIONS} <= set(session_command.COMMANDS)


def test_every_magic_is_known() -> None:
    public = {(kind, name) for kind, name in MAGICS if not name.startswith("_")}
    assert public <= {
        *(("cell", name) for name in CELL_OPTIONS),
        *(("line", name) for name in LINE_COMPLETERS),
    }


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("%mimo_session load a", "files"),
        ("%mimo_session export ", "files"),
        ("%mimo_config notebook=a", "files"),
        ("%mimo_tools add-mcp time uv", "files"),
        ("%mimo_config base_url=h", "none"),
        ("%mimo_config temperature=0", "none"),
        ("%mimo_config nonsense=a", "none"),
        ("%mimo_config nonsense", "none"),
        ("%mimo_config preset=a", "none"),
        ("%mimo_session undo 1", "none"),
    ],
)
def test_others_complete_what_is_not_ours_to_know(text: str, others: str) -> None:
    found = complete(text, CHOICES)
    assert found
    assert (found.candidates, found.fallback) == ((), others)


def test_models_are_those_that_the_server_told_when_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mimo_magics.client.model_list._model_ids_by_url", {"https://api.mimo-v2.com/v1": ("mimo-v3",)}
    )
    assert offered("%%mimo -m ") == ["mimo-v3"]
    assert offered("%mimo_config model=") == ["mimo-v3", "default"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("{ci", ["{city"]),
        ("In {co", ["In {count"]),
        ("{city} and {ci", ["{city} and {city"]),
        ("{", [f"{{{name}" for name in sorted(VARIABLES) if not name.startswith("_")]),
        ("{_", ["{_hidden"]),
        ("{__", []),
        ("{booby.pl", ["{booby.plain"]),
        ("{booby.tr", ["{booby.trap"]),
        ("{booby.plain.", ["{booby.plain.leaf"]),
        ("{booby.trap.", []),
        ("{booby.method.", []),
        ("{booby.__", []),
        ("{slotted.in", ["{slotted.inner"]),
        ("{slotted.inner.d", ["{slotted.inner.deep"]),
        ('{rows[0]["fi', ['{rows[0]["first name']),
        ('{rows[0]["', ['{rows[0]["first name']),
        ("{rows[0]['f", ["{rows[0]['first name"]),
        ("{rows[0][", ['{rows[0]["first name"']),
        ("{rows[0]['first name'].", ["{rows[0]['first name'].x"]),
        ('{rows["', []),
        ("{rows[7].", []),
        ('{rows["a"].', []),
        ('{filled["a', ['{filled["a']),
        ('{filled["no"].', []),
        ('{trapped["no"].', []),
        ('{frame["', ['{frame["town', '{frame["year']),
        ("{nobody.", []),
        ("{broken.cl", []),
        ("{{ci", []),
        ("${ci", []),
        (r"\frac{ci", []),
        ('f"{ci', []),
        ("{ ci", []),
        ("{city}", []),
        ("{city} ci", []),
        ("ci", []),
        ("", []),
    ],
)
@pytest.mark.parametrize(
    "head", ["%%mimo\n", "%%mimo -t 0.2\nTell me.\n", "%%mimo_compare\n", "%mimo Tell me: ", "%mimo -q -- "]
)
def test_references_in_a_prompt_are_completed(head: str, prompt: str, expected: list[str]) -> None:
    found = complete(head + prompt, CHOICES)
    assert found
    assert completed(head + prompt) == [head + each for each in expected]
    assert found.fallback == "none"


def test_a_raw_prompt_has_no_references() -> None:
    assert complete("%%mimo --raw\n{ci", CHOICES) == CompletionResult()
    assert complete("%mimo --raw Tell me: {ci", CHOICES) == CompletionResult()


def test_a_candidate_tells_its_kind() -> None:
    found = complete("%%mimo --tools ", CHOICES)
    assert found == CompletionResult("", (Candidate("weather", "tool"), Candidate("clock", "function")))


@pytest.fixture(scope="module", params=NAMES)
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    need(request.param)
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "talk.json").touch()
    with Kernel(folder, name=request.param, XDG_CONFIG_HOME=str(folder)) as started:
        started.run("city = 'Tokyo'; import types; trip = types.SimpleNamespace(place=city)")
        yield started


def taken(kernel: Kernel, code: str, cursor: int | None = None) -> list[str]:
    """The cell as it is when a match was taken."""
    reply = kernel.complete(code, cursor)
    return [code[: reply["cursor_start"]] + each + code[reply["cursor_end"] :] for each in reply["matches"]]


ORDINARY = [
    "ci",
    "cit",
    "trip.pl",
    "x = 5 %ci",
    "%%time\nci",
    "%%bash\nci",
    "import typ",
    "%time ci",
    "len(ci",
    "%%ti",
    "{ci",
]


def test_ordinary_cells_are_completed_as_without_the_extension(kernel: Kernel) -> None:
    kernel.run("%load_ext mimo_magics")
    having = [kernel.complete(code) for code in ORDINARY]
    kernel.run("%unload_ext mimo_magics")
    assert having == [kernel.complete(code) for code in ORDINARY]
    assert taken(kernel, "%%mimo\n{ci") == ["%%mimo\n{city"]  # what IPython makes of it


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%%mimo --no-h", ["%%mimo --no-history"]),
        ("%%mimo -m mimo-v2-f", ["%%mimo -m mimo-v2-flash"]),
        ("%%mimo\nWhat of 臺北 and {ci", ["%%mimo\nWhat of 臺北 and {city"]),
        ("%%mimo\nWhat of {trip.", ["%%mimo\nWhat of {trip.place"]),
        ("%%mimo\nci", []),
        ("%%mimo\n", []),
        ("%%mimo -t ci", []),
        ("trip\nx = %mimo -f js", ["trip\nx = %mimo -f json"]),
        ("%mimo_config temper", ["%mimo_config temperature="]),
        ("%mimo_session switch m", ["%mimo_session switch main"]),
        ("%mimo_session load ta", ["%mimo_session load talk.json"]),
        ("%mimo_config thinking=o", ["%mimo_config thinking=on", "%mimo_config thinking=off"]),
        ("%%mimo_compare --at-", ["%%mimo_compare --at-once"]),
        ("%mimo_compare ad", ["%mimo_compare adopt"]),
    ],
)
def test_a_notebook_is_offered_what_fits_and_nothing_else(
    kernel: Kernel, code: str, expected: list[str]
) -> None:
    kernel.run("%reload_ext mimo_magics\n%mimo_config")
    assert taken(kernel, code) == expected


def test_the_cursor_may_stand_within_a_cell(kernel: Kernel) -> None:
    kernel.run("%reload_ext mimo_magics")
    code = "%%mimo --no-h -q\nWhat of {ci} and others?"
    assert taken(kernel, code, code.index(" -q")) == [code.replace("--no-h", "--no-history")]
    assert taken(kernel, code, code.index("} and")) == [code.replace("{ci}", "{city}")]
    assert taken(kernel, code, code.index(" and")) == []


def test_front_ends_are_told_the_kinds(kernel: Kernel) -> None:
    kernel.run("%reload_ext mimo_magics")
    told = kernel.complete("%%mimo --preset xia")["metadata"]["_jupyter_types_experimental"]
    assert [(each["text"], each["type"]) for each in told] == [("xiaomi", "preset")]


@pytest.mark.parametrize(("kind", "name"), [key for key in MAGICS if not key[1].startswith("_")])
def test_the_help_of_a_magic_is_its_docstring_before_it_is_used_and_after(
    kernel: Kernel, kind: str, name: str
) -> None:
    kernel.run("%reload_ext mimo_magics")
    head = f"%%{name}" if kind == "cell" else f"%{name}"
    before, after_use = kernel.help(f"{head}?"), (kernel.run("%mimo_config"), kernel.help(f"{head}?"))[1]
    docstring = words(getattr(MimoMagics, MAGICS[kind, name]).__doc__)
    assert [docstring in words(page) for page in (before, after_use)] == [True, True]
    assert "StandIn" not in before


@pytest.mark.parametrize("name", [name for kind, name in MAGICS if kind == "line"])
def test_the_tooltip_of_a_magic_is_the_docstring_of_its_line(kernel: Kernel, name: str) -> None:
    kernel.run("%reload_ext mimo_magics")
    docstring = words(getattr(MimoMagics, MAGICS["line", name]).__doc__)
    assert docstring in words(inspected(kernel, f"%{name}"))


def test_the_help_of_the_cells_tells_all_options(kernel: Kernel) -> None:
    kernel.run("%reload_ext mimo_magics")
    assert [flag for flag in OPTIONS_BY_FLAG if flag not in kernel.help("%%mimo?")] == []
    assert [each for each in CELL_OPTIONS["mimo_compare"] if each not in kernel.help("%%mimo_compare?")] == []


def words(text: str) -> str:
    return " ".join(text.split())


def inspected(kernel: Kernel, code: str) -> str:
    """The tooltip of a front end."""
    reply = kernel._client.inspect(code, reply=True, timeout=60)
    return str(reply["content"]["data"]["text/plain"])


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    shell.user_ns["city"] = "Tokyo"
    shell.user_ns["trap"] = Booby()
    yield shell
    extension.unload(shell)
    InteractiveShell.clear_instance()


def texts(shell: InteractiveShell, code: str) -> list[str]:
    with provisionalcompleter():
        return [each.text for each in shell.Completer.completions(code, len(code))]


@pytest.mark.parametrize("use_jedi", [False, True])
def test_python_is_silent_in_a_prompt_whoever_looks_for_its_names(
    shell: InteractiveShell, use_jedi: bool
) -> None:
    shell.Completer.use_jedi = use_jedi
    extension.load(shell)
    assert texts(shell, "%%mimo\nHello cit") == []
    assert texts(shell, "%%mimo\nHello {cit") == ["city"]
    assert texts(shell, "%%mimo\nHello {trap.tr") == ["trap"]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # IPython's word for this way to ask
def test_a_front_end_that_tells_one_line_only_is_answered_on_ours(shell: InteractiveShell) -> None:
    extension.load(shell)
    assert shell.complete("", "%%mimo --no-h", 13) == ("--no-h", ["--no-history"])
    assert shell.complete("", "%mimo_config temper", 19) == ("temper", ["temperature="])


def test_unloading_leaves_no_matcher_behind(shell: InteractiveShell) -> None:
    extension.load(shell)
    extension.unload(shell)
    assert shell.Completer.custom_matchers == []


ASKED_ELSEWHERE = """
import sys
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "mimo_magics")
before = set(sys.modules)
with provisionalcompleter():
    for code in ("le", "%%bash\\nmi", "mimo_magics = 1\\nmim", "%mimo_config api=openai\\nmi"):
        list(shell.Completer.completions(code, len(code)))
print(sorted(name for name in set(sys.modules) - before if name.startswith("mimo_magics")))
"""


def test_elsewhere_nothing_is_imported() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", ASKED_ELSEWHERE], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "[]"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[pexpect.spawn]:
    """A real IPython in a pseudo-terminal, with its line editor."""
    where = {"IPYTHONDIR": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    command = ["-m", "IPython", "--no-banner", "--no-confirm-exit"]
    with pexpect.spawn(
        sys.executable,
        command,
        env={**os.environ, **where},
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 120),
    ) as started:
        started.expect_exact("In [")
        started.send("%load_ext mimo_magics\r")
        started.expect(r"In .{0,20}2")
        started.send("city = 'Tokyo'\r")
        started.expect(r"In .{0,20}3")
        yield started
        started.close(force=True)


def test_tab_completes_in_a_terminal(terminal: pexpect.spawn) -> None:
    terminal.send("%mimo_config temper\t")
    terminal.expect_exact("ature=")
    terminal.send("0.25\r")
    terminal.expect(r"In .{0,20}4")
    terminal.send("%mimo --dry-run What of {ci\t")
    terminal.expect_exact("ty")
    terminal.send("}?\r")
    terminal.expect_exact("What of Tokyo?")


def test_settings_that_cannot_be_offer_what_is_built_in(kernel: Kernel) -> None:
    kernel.run("%config MimoConfig.timeout = -1.0")
    assert kernel.complete("%%mimo --tempe")["matches"] == ["--temperature"]
    kernel.run("%config MimoConfig.timeout = 480.0")
