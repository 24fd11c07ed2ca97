"""Each benchmark runs in its short form. Looked at are counts, which are the same on every machine, and never times."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support.paths import ROOT

from mimo_magics.document.highlighting import LEXER_NAMES

FOLDER = ROOT / "benchmarks"
HELPERS = {"fast_server", "paced_server", "frontend_run", "frontend_ways"}
NUMBER = r"\d[\d,]*(?:\.\d+)?"
MODULES = 40
"""That `%load_ext` may load at the most; httpx alone has three times as many."""
FUNCTION_CALLS = 200
"""Of ours for each token at the most, where each event comes in a packet of its own."""


def run_short(name: str) -> str:
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--short"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def rows(printed: str, name: str) -> list[list[float]]:
    """Return the numbers of each line that begins with a name."""
    found = re.findall(rf"^ *{re.escape(name)}(?=\s)(.*)$", printed, re.MULTILINE)
    return [[float(each.replace(",", "")) for each in re.findall(NUMBER, line)] for line in found]


def test_every_benchmark_is_run_here_or_in_a_browser() -> None:
    scripts = {path.stem for path in FOLDER.glob("*.py")} - HELPERS
    assert scripts == {"stream", "load", "saved", "history", "compare", "memory", "blocks", "frontend"}


def test_stream_reads_as_many_events_as_tokens_are_sent() -> None:
    printed = run_short("stream")
    assert "500 tokens, one write for each event" in printed
    for api in ("openai", "anthropic"):
        assert rows(printed, f"events of ours, {api}") == [[500], [500]]
        assert [calls < FUNCTION_CALLS for calls, *_ in rows(printed, f"calls of ours, {api}")] == [
            True,
            True,
        ]
        for client in ("raw", "httpx", "ours", "SDK"):
            assert len(rows(printed, f"{client} {api}")) == 2


def test_load_loads_few_modules() -> None:
    printed = run_short("load")
    ((_, ours, _),) = rows(printed, "%load_ext mimo_magics")
    ((_, httpx, _),) = rows(printed, "import httpx")
    assert 0 < ours <= MODULES < httpx


@pytest.mark.parametrize(
    ("kind", "most"), [("prose", 2), ("code", 7), ("mixed", 4)], ids=["prose", "code", "mixed"]
)
def test_saved_counts_the_bytes_of_a_reply(saved: str, kind: str, most: int) -> None:
    """The document is a few times as large as the text; all that is saved is that, the text, and the record."""
    ((text, html, record, whole, *_),) = rows(saved, kind)
    assert 800 <= text <= 1_000
    assert text < html < most * text
    assert record < 1_000
    assert text + html + record < whole < 1.5 * (text + html + record)


@pytest.fixture(scope="module")
def saved() -> str:
    return run_short("saved")


def test_history_writes_each_turn_in_as_many_bytes_as_the_others() -> None:
    printed = run_short("history")
    assert [turns for turns, *_ in re.findall(rf"^({NUMBER}) turns ", printed, re.MULTILINE)] != []
    for way in ("json.dumps", "request, openai", "request, anthropic", "to_text", "from_text"):
        few, many = (megabytes for _, _, megabytes, *_ in rows(printed, way))
        assert many / few == pytest.approx(100 / 30, rel=0.1)
    assert [row[2] for row in rows(printed, "from_text")] == [row[2] for row in rows(printed, "json.loads")]


def test_compare_asks_each_variant_once_and_no_more_at_a_time_than_it_may() -> None:
    printed = run_short("compare")
    for at_once in (1, 2, 4, 6):
        ((*_, requests, most),) = rows(printed, f"{at_once} at a time")
        assert requests == 6
        assert 1 <= most <= at_once


MEGABYTES = {
    "endless line": 40,
    "endless event": 40,
    "gzip bomb, stream": 1,
    "gzip bomb, JSON": 1,
    "JSON body": 40,
    "error body": 20,
    "models-list": 20,
    "models-id": 20,
    "JSON depth": 40,
    "JSON depth, event": 40,
    "tool calls": 20,
    "arguments": 30,
}
"""That a server can send at the most before its answer is refused, what waits in sockets included; it offers 48."""


def test_memory_is_bounded_as_answers_are_not_read_to_their_end() -> None:
    printed = run_short("memory")
    for name, most in MEGABYTES.items():
        ((sent, *_),) = rows(printed, name)
        assert 0 < sent < most, name
        assert "characters, 0 calls" not in printed


def test_blocks_colors_the_listed_languages_and_no_others() -> None:
    from pygments.lexers import get_all_lexers

    names = {
        alias for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases if " " not in alias
    }
    colored = len(names & LEXER_NAMES)
    assert rows(run_short("blocks"), "names of languages") == [[len(names), colored, len(names) - colored]]
