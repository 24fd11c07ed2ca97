"""Tab completion: for the text before the cursor, in a kernel, and in a terminal."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from support.completion_choices import CHOICES, Booby
from support.kernel import Kernel
from support.kernels import NAMES, need

from mimo_magics.notebook import extension
from mimo_magics.notebook.completion.choices import CompletionResult
from mimo_magics.notebook.completion.lines import OPTIONS_BY_MAGIC
from mimo_magics.notebook.completion.matcher import complete
from mimo_magics.notebook.extension import MAGICS
from mimo_magics.notebook.magics import MimoMagics
from mimo_magics.notebook.options import OPTIONS_BY_FLAG

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
def test_other_cells_are_left_to_other_matchers(text: str) -> None:
    assert complete(text, CHOICES) is None


@pytest.mark.parametrize(
    "text",
    [
        "# my question\n%%mimo --no-h",
        "#| echo: false\n\n  %%mimo -q\t--no-h",
        "%%mimo\t--no-h",
        'd["k"] = %mimo --no-h',
        "x = y = %mimo\t--no-h",
        "x: object = %mimo --no-h",
        'd[f"{x}"] = %mimo --no-h',
        "for a in b: x = %mimo --no-h",
        "%time %mimo --no-h",
        "%mimo -q \\\n  --no-h",
        "x = \\\n%mimo --no-h",
        "%mimo What does ( mean?\n%mimo --no-h",
    ],
)
def test_options_are_offered_wherever_a_magic_may_be(text: str) -> None:
    found = complete(text, CHOICES)
    assert found
    assert [each.text for each in found.candidates] == ["--no-history"]


@pytest.fixture(scope="module", params=NAMES)
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    need(request.param)
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "talk.json").touch()
    with Kernel(folder, name=request.param, XDG_CONFIG_HOME=str(folder)) as started:
        started.run("city = 'Tokyo'; import types; trip = types.SimpleNamespace(place=city)")
        yield started


def completed_cells(kernel: Kernel, code: str, cursor: int | None = None) -> list[str]:
    """Return the cell with each match inserted."""
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


def test_other_cells_are_completed_as_without_the_extension(kernel: Kernel) -> None:
    kernel.run("%load_ext mimo_magics")
    having = [kernel.complete(code) for code in ORDINARY]
    kernel.run("%unload_ext mimo_magics")
    assert having == [kernel.complete(code) for code in ORDINARY]
    assert completed_cells(kernel, "%%mimo\n{ci") == ["%%mimo\n{city"]  # what IPython makes of it


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
        ("# my question\n%%mimo --no-h", ["# my question\n%%mimo --no-history"]),
        ('d["k"] = %mimo -f js', ['d["k"] = %mimo -f json']),
        ("%mimo_config temper", ["%mimo_config temperature="]),
        ("%mimo_session switch m", ["%mimo_session switch main"]),
        ("%mimo_session load ta", ["%mimo_session load talk.json"]),
        ("%mimo_config thinking=o", ["%mimo_config thinking=on", "%mimo_config thinking=off"]),
        ("%%mimo_compare --at-", ["%%mimo_compare --at-once"]),
        ("%mimo_compare ad", ["%mimo_compare adopt"]),
    ],
)
def test_a_notebook_gets_only_matching_candidates(kernel: Kernel, code: str, expected: list[str]) -> None:
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics\n%mimo_config")
    assert completed_cells(kernel, code) == expected


def test_the_cursor_may_be_inside_a_cell(kernel: Kernel) -> None:
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics")
    code = "%%mimo --no-h -q\nWhat of {ci} and others?"
    assert completed_cells(kernel, code, code.index(" -q")) == [code.replace("--no-h", "--no-history")]
    assert completed_cells(kernel, code, code.index("} and")) == [code.replace("{ci}", "{city}")]
    assert completed_cells(kernel, code, code.index(" and")) == []


def test_front_ends_receive_the_kinds(kernel: Kernel) -> None:
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics")
    types = kernel.complete("%%mimo --preset xia")["metadata"]["_jupyter_types_experimental"]
    assert [(each["text"], each["type"]) for each in types] == [("xiaomi", "preset")]


@pytest.mark.parametrize(("kind", "name"), [key for key in MAGICS if not key[1].startswith("_")])
def test_the_help_of_a_magic_is_its_docstring_before_it_is_used_and_after(
    kernel: Kernel, kind: str, name: str
) -> None:
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics")
    head = f"%%{name}" if kind == "cell" else f"%{name}"
    before, after_use = kernel.help(f"{head}?"), (kernel.run("%mimo_config"), kernel.help(f"{head}?"))[1]
    docstring = words(getattr(MimoMagics, MAGICS[kind, name]).__doc__)
    assert [docstring in words(page) for page in (before, after_use)] == [True, True]
    assert "StandIn" not in before


@pytest.mark.parametrize("name", [name for kind, name in MAGICS if kind == "line"])
def test_the_tooltip_of_a_magic_is_the_docstring_of_its_line(kernel: Kernel, name: str) -> None:
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics")
    docstring = words(getattr(MimoMagics, MAGICS["line", name]).__doc__)
    assert docstring in words(inspect_text(kernel, f"%{name}"))


def test_the_help_pages_of_the_cell_magics_list_all_options(kernel: Kernel) -> None:
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics")
    assert [flag for flag in OPTIONS_BY_FLAG if flag not in kernel.help("%%mimo?")] == []
    assert [
        each for each in OPTIONS_BY_MAGIC["%%mimo_compare"] if each not in kernel.help("%%mimo_compare?")
    ] == []


def words(text: str) -> str:
    return " ".join(text.split())


def inspect_text(kernel: Kernel, code: str) -> str:
    """Return the text of the tooltip of a front end."""
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
def test_a_prompt_has_no_python_candidates_with_and_without_jedi(
    shell: InteractiveShell, use_jedi: bool
) -> None:
    shell.Completer.use_jedi = use_jedi
    extension.load(shell)
    assert texts(shell, "%%mimo\nHello cit") == []
    assert texts(shell, "%%mimo\nHello {cit") == ["city"]
    assert texts(shell, "%%mimo\nHello {trap.tr") == ["trap"]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # IPython's word for this way to ask
def test_a_front_end_that_passes_one_line_gets_candidates(shell: InteractiveShell) -> None:
    extension.load(shell)
    assert shell.complete("", "%%mimo --no-h", 13) == ("--no-h", ["--no-history"])
    assert shell.complete("", "%mimo_config temper", 19) == ("temper", ["temperature="])


def test_unloading_removes_the_matcher(shell: InteractiveShell) -> None:
    extension.load(shell)
    extension.unload(shell)
    assert shell.Completer.custom_matchers == []


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[pexpect.spawn]:
    """Start IPython in a pseudo-terminal with its line editor."""
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
        # A busy machine needs longer to end it than `close` waits.
        started.kill(signal.SIGKILL)
        started.wait()


def test_tab_completes_in_a_terminal(terminal: pexpect.spawn) -> None:
    terminal.send("%mimo_config temper\t")
    terminal.expect_exact("ature=")
    terminal.send("0.25\r")
    terminal.expect(r"In .{0,20}4")
    terminal.send("%mimo --dry-run What of {ci\t")
    terminal.expect_exact("ty")
    terminal.send("}?\r")
    terminal.expect_exact("What of Tokyo?")


def test_invalid_settings_do_not_prevent_completion(kernel: Kernel) -> None:
    kernel.run("%config MimoConfig.timeout = -1.0")
    assert kernel.complete("%%mimo --tempe")["matches"] == ["--temperature"]
    kernel.run("%config MimoConfig.timeout = 480.0")
