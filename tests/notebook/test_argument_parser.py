"""Parsing of options and subcommands, and its errors."""

import pytest
from support.kernel import Kernel
from support.peer import Peer

from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.argument_parser import parse_command, parse_options
from mimo_magics.notebook.cell_request import split_options


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        (
            "%%mimo --temprature 1\nhi",
            ["BadOption: Unknown option --temprature.", "Did you mean --temperature?"],
        ),
        (
            "%%mimo -t warm\nhi",
            [
                "BadOption: Invalid value 'warm' for --temperature.",
                "-t, --temperature X: Sampling temperature: higher is more random. No effect while a MiMo model thinks.",
            ],
        ),
        (
            "%%mimo -t\nhi",
            [
                "BadOption: Option --temperature requires a value.",
                "-t, --temperature X: Sampling temperature: higher is more random. No effect while a MiMo model thinks.",
            ],
        ),
        (
            "%%mimo --format markdwn\nhi",
            ["BadOption: Invalid value 'markdwn' for --format.", "Did you mean markdown?"],
        ),
        (
            "%%mimo --thinking maybe\nhi",
            [
                "BadOption: Invalid value 'maybe' for --thinking.",
                "--thinking on|off: Turn thinking on or off.",
            ],
        ),
        (
            "%%mimo say hello\nhi",
            [
                "BadOption: The first line of %%mimo accepts only options, not 'say hello'.",
                "Write the prompt below it.",
            ],
        ),
        (
            "%%mimo --file a.csv b.csv\nhi",
            [
                "BadOption: The first line of %%mimo accepts only options, not 'b.csv'.",
                "Write the prompt below it. For several files repeat the option: --file A --file B.",
            ],
        ),
        (
            "%%mimo\n  \n",
            ["BadOption: The prompt is empty.", "Write it below %%mimo, or after the options of %mimo."],
        ),
        (
            "%mimo",
            ["BadOption: The prompt is empty.", "Write it below %%mimo, or after the options of %mimo."],
        ),
        (
            "%mimo_config temprature=1",
            ["BadOption: Unknown setting 'temprature'.", "Did you mean temperature?"],
        ),
        (
            "%mimo_config --rest",
            ["BadOption: Unknown option --rest.", "Did you mean --reset?"],
        ),
        (
            "%mimo_config preset=xiomi",
            ["BadOption: Unknown preset 'xiomi'.", "Did you mean xiaomi?"],
        ),
        (
            "%mimo_config system='no end",
            [
                "BadOption: A quote on the line is not closed.",
                "Close it. Put a value that contains a quote in quotes of the other kind.",
            ],
        ),
        (
            "%mimo -t nan hi",
            [
                "BadOption: temperature must be a number, not nan.",
                "Sampling temperature: higher is more random. No effect while a MiMo model thinks.",
            ],
        ),
    ],
)
def test_an_invalid_cell_is_an_error_of_two_lines_and_sends_nothing(
    kernel: Kernel, peer: Peer, cell: str, lines: list[str]
) -> None:
    ran = kernel.run(cell)
    assert (ran.status, ran.error, peer.requests) == ("error", lines, [])


@pytest.mark.parametrize(
    ("magic", "line", "lines"),
    [
        (
            "%mimo_session",
            "rename",
            ("An argument is missing.", "Usage: %mimo_session rename [SESSION] NAME"),
        ),
        (
            "%mimo_session",
            "undo -1",
            ("Invalid value '-1' for N.", "Usage: %mimo_session undo [N]"),
        ),
        ("%mimo_session", "--help", ("For help, run %mimo_session?.", "")),
        (
            "%mimo_config",
            "a=1 --use x",
            ("Unexpected argument '--use'.", "Usage: %mimo_config [NAME=VALUE ...]"),
        ),
        ("%mimo_panel", "inser", ("Unknown subcommand 'inser'.", "Did you mean insert?")),
        ("%mimo_usage", "a b", ("Unexpected argument 'b'.", "Usage: %mimo_usage [SESSION]")),
    ],
)
def test_an_invalid_line_is_an_error_of_two_lines(magic: str, line: str, lines: tuple[str, str]) -> None:
    with pytest.raises(BadOption) as caught:
        parse_command(magic, line)
    assert caught.value.lines == lines


@pytest.mark.parametrize(
    ("magic", "line", "command", "arguments"),
    [
        ("%mimo_session", "", "list", {}),
        ("%mimo_session", "rename a", "rename", {"session": None, "name": "a"}),
        ("%mimo_session", "rename a b", "rename", {"session": "a", "name": "b"}),
        ("%mimo_session", "fork --at 3 x", "fork", {"name": "x", "at": 3}),
        ("%mimo_config", "t=-1 'a=b c'", "", {"name_value": ["t=-1", "a=b c"]}),
        ("%mimo_config", "--use x t=1", "--use", {"profile": "x", "name_value": ["t=1"]}),
        (
            "%mimo_tools",
            "add-mcp m npx -y -- x",
            "add-mcp",
            {"name": "m", "command": ["npx", "-y", "--", "x"], "url": None},
        ),
    ],
)
def test_a_line_is_a_subcommand_with_arguments(
    magic: str, line: str, command: str, arguments: dict[str, object]
) -> None:
    name, namespace = parse_command(magic, line)
    assert (name, vars(namespace)) == (command, arguments)


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("--json=x hi", "Option --json takes no value."),
        ("-q=t hi", "Option --quiet takes no value."),
        ("--no-stream=x hi", "Option --stream takes no value."),
        ("-t", "Option --temperature requires a value."),
        ("--param x", "Invalid value 'x' for --param."),
        ("--web-search=forc", "Invalid value 'forc' for --web-search."),
    ],
)
def test_a_missing_or_invalid_value_names_the_option(line: str, fact: str) -> None:
    words, _ = split_options(line)
    with pytest.raises(BadOption) as caught:
        parse_options("%%mimo", words)
    assert str(caught.value) == fact


@pytest.mark.parametrize("option", ["--as", "-o", "--tools", "--session", "--id", "--param", "-t", "--stop"])
@pytest.mark.parametrize("separator", [" ", "="])
def test_two_dashes_are_not_the_value_of_an_option(option: str, separator: str) -> None:
    with pytest.raises(BadOption, match=r"^Option --[a-z]+ requires a value\.$"):
        parse_options("%%mimo", split_options(f"{option}{separator}-- hello")[0])


@pytest.mark.parametrize(
    ("magic", "line"),
    [
        ("%mimo_session", "new a --system=--"),
        ("%mimo_session", "fork a --at=--"),
        ("%mimo_tape", "record x --pace=--"),
    ],
)
def test_two_dashes_are_not_the_value_of_an_option_of_a_subcommand(magic: str, line: str) -> None:
    with pytest.raises(BadOption, match=r"^Option --[a-z]+ requires a value\.$"):
        parse_command(magic, line)
