"""The help pages of the magics."""

import pytest

from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.help_page import help_page


def test_a_page_has_the_summary_the_description_and_the_subcommands() -> None:
    assert help_page(MAGICS["%mimo_tape"]).splitlines() == [
        "Record API calls on a tape, or replay them without network, API key or model.",
        "",
        "Replay starts at the first call of the tape. The environment variable MIMO_TAPE=replay:PATH has the same effect.",
        "",
        "    %mimo_tape                                      Show which tape is in use.",
        "    %mimo_tape record PATH [--pace real|fast|once]  Make every call, and record it on a new tape.",
        "    %mimo_tape replay PATH [--pace real|fast|once]  Replay every call from the tape.",
        "    %mimo_tape auto PATH [--pace real|fast|once]    Replay recorded calls from the tape; make and record the others.",
        "    %mimo_tape off                                  Make calls without a tape.",
        "",
        "    --pace real|fast|once  Replay speed: in real time (real), ten times faster (fast), or all at once (once, the default).",
    ]


@pytest.mark.parametrize("name", MAGICS)
def test_a_page_has_every_subcommand_and_option_with_its_help(name: str) -> None:
    page, magic = help_page(MAGICS[name]), MAGICS[name]
    rows = [
        (f"{name} {command.name}".rstrip(), command.help)
        for command in magic.commands
        if command.name != magic.default
    ]
    rows += [(option.signature, option.help) for command in magic.commands for option in command.options]
    rows += [(option.signature, option.help) for option in magic.options]
    assert [row for row in rows if row[0] not in page or row[1] not in page] == []
