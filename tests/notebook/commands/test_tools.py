"""The magic `%mimo_tools`, and the tools that a cell offers to the model."""

import sys
from pathlib import Path
from typing import Any

import pytest
from support.kernel import Kernel
from support.peer import Peer, reply, stream

from mimo_magics.core.errors import BadOption, ConnectionFailed
from mimo_magics.core.messages import Message, Reply, Tool, ToolCall
from mimo_magics.notebook.commands.tools import run_tools_command
from mimo_magics.tools.registry import REGISTERED_TOOLS, register
from mimo_magics.tools.tool import NotebookTool, ToolOutcome

CLOSE_QUOTE = "Close it. Put a value that contains a quote in quotes of the other kind."


def test_tools_are_listed_added_and_removed(rainy: Kernel, peer: Peer) -> None:
    rainy.run("def clock(zone: str = 'UTC') -> str:\n    'Tell the time.'\n    return '12:00'")
    (listed,) = rainy.run("%mimo_tools add clock").documents
    assert [line.split()[:3] for line in listed.splitlines()[1:]] == [
        ["weather", "every_call", "function"],
        ["clock", "every_call", "function"],
    ]
    assert "weather" not in rainy.run("%mimo_tools remove weather").documents[0]
    assert rainy.run("%mimo_tools remove clock").documents == ["No tools are registered."]
    assert rainy.run("%mimo_tools add wether").error[0] == "BadOption: There is no function or tool 'wether'."


@pytest.mark.parametrize(
    ("line", "fact", "hint"),
    [
        ("x", "Unknown subcommand 'x'.", "For help, run %mimo_tools?."),
        ("ad", "Unknown subcommand 'ad'.", "Did you mean add?"),
        ("add", "An argument is missing.", "Usage: %mimo_tools add FUNCTION ..."),
        ("add 'x", "A quote on the line is not closed.", CLOSE_QUOTE),
        ("--add x", "Unknown option --add.", "Did you mean add?"),
        (
            "add-mcp time",
            "The MCP server 'time' needs a command or a URL.",
            "Use one of them. A URL begins with https:// or http://.",
        ),
        (
            "add-mcp time --url",
            "The MCP server 'time' needs a command or a URL.",
            "Use one of them. A URL begins with https:// or http://.",
        ),
    ],
)
def test_an_invalid_line_is_an_error_of_two_lines(line: str, fact: str, hint: str) -> None:
    with pytest.raises(BadOption) as caught:
        run_tools_command(line, {})
    assert (str(caught.value), caught.value.hint) == (fact, hint)


@pytest.mark.parametrize("line", ["git --url {url}", "git --url={url}", "--url {url} git", "--url={url} git"])
def test_the_url_of_an_mcp_server_may_precede_or_follow_its_name(line: str) -> None:
    with pytest.raises(
        ConnectionFailed, match=r"^The MCP server 'git' cannot be reached at 127\.0\.0\.1:9\.$"
    ):
        run_tools_command(f"add-mcp {line.format(url='http://127.0.0.1:9/mcp')}", {})


def test_a_cell_may_choose_the_functions_that_it_offers(rainy: Kernel, peer: Peer) -> None:
    rainy.run("def clock() -> str:\n    'Tell the time.'\n    return '12:00'")
    peer.answers(lambda seen: stream(seen, reply("Hi.")))
    rainy.run("%%mimo --tools clock\nhello")
    assert [tool["function"]["name"] for tool in peer.requests[-1].body["tools"]] == ["clock"]
    rainy.run("%%mimo\nhello")
    assert [tool["function"]["name"] for tool in peer.requests[-1].body["tools"]] == ["weather"]


ADDER = """from mcp.server import MCPServer
server = MCPServer('adder', log_level='CRITICAL')
@server.tool()
def add(a: int, b: int) -> str:
    'Add two numbers.'
    return str(a + b)
server.run()
"""


def test_tools_of_an_mcp_server_are_listed_and_need_an_approval(
    rainy: Kernel, peer: Peer, tmp_path: Path
) -> None:
    program = tmp_path / "adder.py"
    program.write_text(ADDER, encoding="utf-8")
    (listed,) = rainy.run(f'%mimo_tools add-mcp sums "{sys.executable}" "{program}"').documents
    rows = [line.split()[:3] for line in listed.splitlines()[1:]]
    assert rows == [["weather", "every_call", "function"], ["sums_add", "every_call", "sums"]]
    calls = Reply(Message("assistant", (ToolCall("c1", "sums_add", '{"a": 2, "b": 3}'),)), stop="tool_calls")
    peer.answers(lambda seen: stream(seen, calls), lambda seen: stream(seen, reply("Five.")))
    ran, question = rainy.answer("%%mimo\nHow much?", "y")
    assert question["prompt"].startswith('sums_add {\n  "a": 2,\n  "b": 3\n}\n')
    assert ran.documents[-1] == "Five."
    assert peer.requests[-1].body["messages"][-1]["content"] == "5"


def test_the_table_of_many_tools_with_long_descriptions_is_bounded() -> None:
    async def run(arguments: dict[str, Any]) -> ToolOutcome:
        return ToolOutcome(str(arguments))

    before, description = dict(REGISTERED_TOOLS), "word " * 100_000
    try:
        for number in range(20_000):
            spec = Tool(f"tool{number}", description, {})
            register(NotebookTool(spec, lambda _: {}, run, mcp_server="server"))
        bundle = run_tools_command("", {})
    finally:
        REGISTERED_TOOLS.clear()
        REGISTERED_TOOLS.update(before)
    assert max(map(len, bundle.values())) < 500_000
    assert bundle["text/plain"].endswith(f"\n{19_500 + len(before):,} more rows.")
