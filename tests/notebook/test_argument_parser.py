"""The options of a cell: what is wrong with them, and which variables a prompt sees."""

import pytest
from support.kernel import Kernel
from support.peer import Peer


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        (
            "%%mimo --temprature 1\nhi",
            ["BadOption: There is no option --temprature.", "Did you mean --temperature?"],
        ),
        (
            "%%mimo -t warm\nhi",
            [
                "BadOption: --temperature cannot be 'warm'.",
                "-t, --temperature X: Sampling temperature: higher is more random. No effect while a MiMo model thinks.",
            ],
        ),
        (
            "%%mimo -t\nhi",
            [
                "BadOption: --temperature wants a value.",
                "-t, --temperature X: Sampling temperature: higher is more random. No effect while a MiMo model thinks.",
            ],
        ),
        (
            "%%mimo --format markdwn\nhi",
            ["BadOption: --format cannot be 'markdwn'.", "Did you mean markdown?"],
        ),
        (
            "%%mimo --thinking maybe\nhi",
            [
                "BadOption: --thinking cannot be 'maybe'.",
                "--thinking on|off: Turn thinking on or off.",
            ],
        ),
        (
            "%%mimo say hello\nhi",
            ["BadOption: The prompt does not go on the first line: 'say hello'.", "Write it below %%mimo."],
        ),
        (
            "%%mimo\n  \n",
            ["BadOption: There is no prompt.", "Write it below %%mimo, or behind the options of %mimo."],
        ),
        (
            "%mimo",
            ["BadOption: There is no prompt.", "Write it below %%mimo, or behind the options of %mimo."],
        ),
        (
            "%mimo_config temprature=1",
            ["BadOption: There is no setting 'temprature'.", "Did you mean temperature?"],
        ),
        (
            "%mimo_config --rest",
            ["BadOption: '--rest' sets nothing.", "Did you mean --reset?"],
        ),
        (
            "%mimo_config preset=xiomi",
            ["BadOption: There is no preset 'xiomi'.", "Did you mean xiaomi?"],
        ),
        (
            "%mimo_config system='no end",
            ["BadOption: A quotation on the line does not end.", "Put a value with a quote into quotes."],
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
def test_what_is_wrong_with_a_cell_takes_two_lines_and_sends_nothing(
    kernel: Kernel, peer: Peer, cell: str, lines: list[str]
) -> None:
    ran = kernel.run(cell)
    assert (ran.status, ran.error, peer.requests) == ("error", lines, [])


def test_what_ipython_keeps_beside_the_variables_is_not_theirs(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%%mimo --no-history\n{open} {exit} {In} {get_ipython}").documents == [
        "You said: {open} {exit} {In} {get_ipython}"
    ]
    kernel.run("open = 'mine'")
    assert kernel.run("%%mimo --no-history\n{open} {_}").documents == [
        "You said: mine You said: {open} {exit} {In} {get_ipython}"
    ]
    kernel.run("del open")
