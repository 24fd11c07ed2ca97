"""Each benchmark runs in its short form. The tests check counts, which are equal on every machine, and no times."""

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
MAX_MODULES = 40
"""Limit of the modules that `%load_ext` imports. httpx alone has three times as many."""
MAX_FUNCTION_CALLS = 200
"""Limit of the calls of functions in this package for each token, if each event arrives in its own packet."""


def run_short(name: str) -> str:
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--short"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def rows(printed: str, name: str) -> list[list[float]]:
    """Return the numbers of each line that begins with a name."""
    found = re.findall(rf"^ *{re.escape(name)}(?=\s)(.*)$", printed, re.MULTILINE)
    return [[float(each.replace(",", "")) for each in re.findall(NUMBER, line)] for line in found]


def test_every_benchmark_has_a_short_form() -> None:
    scripts = {path.stem for path in FOLDER.glob("*.py")} - HELPERS
    assert scripts == {
        "stream",
        "load",
        "commands",
        "saved",
        "history",
        "compare",
        "memory",
        "blocks",
        "context",
        "context_questions",
        "fix_rates",
        "frontend",
        "label_texts",
        "map",
        "schema_rates",
        "structured",
    }


def test_stream_reads_as_many_events_as_tokens_are_sent() -> None:
    printed = run_short("stream")
    assert "500 tokens, one write for each event" in printed
    for api in ("openai", "anthropic"):
        assert rows(printed, f"events of ours, {api}") == [[500], [500]]
        assert [calls < MAX_FUNCTION_CALLS for calls, *_ in rows(printed, f"calls of ours, {api}")] == [
            True,
            True,
        ]
        for client in ("raw", "httpx", "ours", "SDK"):
            assert len(rows(printed, f"{client} {api}")) == 2


def test_loading_the_extension_imports_few_modules() -> None:
    printed = run_short("load")
    ((_, ours, _),) = rows(printed, "%load_ext mimo_magics")
    ((_, httpx, _),) = rows(printed, "import httpx")
    assert 0 < ours <= MAX_MODULES < httpx


MAX_VISIBLE_LINES, MAX_KILOBYTES, MAX_COMMAND_CALLS = 25, 250, 60_000
"""Limits of a command in a session of 200 turns: lines that are not folded, its output, and calls of our functions."""
MAX_PANEL_MESSAGES = 130


def test_no_command_shows_more_than_a_screen() -> None:
    printed = run_short("commands").splitlines()[1:]
    assert len(printed) == 14
    for line in printed:
        command, numbers = line[:30].rstrip(), [float(each.replace(",", "")) for each in line[30:].split()]
        calls, html, lines, messages = numbers[3:]
        assert lines <= MAX_VISIBLE_LINES, command
        assert html < MAX_KILOBYTES * 1_000, command
        assert calls < MAX_COMMAND_CALLS, command
        assert messages <= (MAX_PANEL_MESSAGES if command == "panel" else 0), command


@pytest.mark.parametrize(
    ("kind", "max_ratio"), [("prose", 2), ("code", 10), ("mixed", 4)], ids=["prose", "code", "mixed"]
)
def test_saved_counts_the_bytes_of_a_reply(saved: str, kind: str, max_ratio: int) -> None:
    """Check that the notebook stores the document, the text and the record, and little else.

    The code is in blocks of 90 characters. Each has a head and a frame, with styles that any front end keeps.
    """
    ((text, html, record, total, *_),) = rows(saved, kind)
    assert 800 <= text <= 1_000
    assert text < html < max_ratio * text
    assert record < 1_000
    assert text + html + record < total < 1.5 * (text + html + record)


@pytest.fixture(scope="module")
def saved() -> str:
    return run_short("saved")


def test_every_turn_of_a_session_file_has_the_same_size() -> None:
    printed = run_short("history")
    assert [turns for turns, *_ in re.findall(rf"^({NUMBER}) turns ", printed, re.MULTILINE)] != []
    for operation in ("json.dumps", "request, openai", "request, anthropic", "to_text", "from_text"):
        few, many = (megabytes for _, _, megabytes, *_ in rows(printed, operation))
        assert many / few == pytest.approx(100 / 30, rel=0.1)
    assert [row[2] for row in rows(printed, "from_text")] == [row[2] for row in rows(printed, "json.loads")]


def test_a_comparison_sends_each_variant_once_within_its_concurrency_limit() -> None:
    printed = run_short("compare")
    for at_once in (1, 2, 4, 6):
        ((*_, requests, max_running),) = rows(printed, f"{at_once} at a time")
        assert requests == 6
        assert 1 <= max_running <= at_once


MAX_MEGABYTES = {
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
"""Limit of the megabytes that a server can send before its response is refused, buffers of sockets included. It offers 48."""


def test_memory_is_limited_because_large_responses_are_truncated() -> None:
    printed = run_short("memory")
    for name, max_sent in MAX_MEGABYTES.items():
        ((sent, *_),) = rows(printed, name)
        assert 0 < sent < max_sent, name
        assert "characters, 0 calls" not in printed


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_the_text_of_a_frame_is_made_from_equally_many_values_of_any_number_of_rows(
    context: str, library: str
) -> None:
    found = rows(context, f"{library} ours")
    assert [(count, values) for count, *_, values in found] == [(10_000, 50_125), (40_000, 50_125)]
    assert all(size < 1_000 for *_, size, _ in found)


@pytest.fixture(scope="module")
def context() -> str:
    return run_short("context")


def test_blocks_highlights_only_the_listed_languages() -> None:
    from pygments.lexers import get_all_lexers

    names = {
        alias for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases if " " not in alias
    }
    highlighted = len(names & LEXER_NAMES)
    assert rows(run_short("blocks"), "names of languages") == [
        [len(names), highlighted, len(names) - highlighted]
    ]


def test_the_questions_about_frames_are_asked_as_often_as_they_are_counted() -> None:
    printed = run_short("context_questions")
    ((size, found),) = rows(printed, "people")
    assert size > 300
    assert found in (0, 1)
    assert rows(printed, "frame") == [[1]]


def test_structured_delivers_no_wrong_object_and_raises_nothing() -> None:
    printed = run_short("structured")
    ((replies, _),) = re.findall(r"(\d+) replies, of which at most (\d+)", printed)
    ((objects, wrong, requests, exceptions),) = rows(printed, "ours")
    assert (wrong, exceptions) == (0, 0)
    assert objects > 0
    # One request, and at most two repairs.
    assert int(replies) < requests <= 3 * int(replies)


def test_schema_rates_counts_the_replies_of_the_embedded_model() -> None:
    ((valid, right),) = rows(run_short("schema_rates"), "flat")
    assert 0 <= right <= valid <= 1


def test_fix_rates_counts_the_repaired_cells() -> None:
    ((code, runs, cells),) = rows(run_short("fix_rates"), "all")
    assert 0 <= runs <= code <= cells == 1


def test_map_sends_each_row_once_and_opens_a_connection_for_each_call_at_once() -> None:
    printed = run_short("map")
    ((at_once, *_),) = rows(printed, "200 rows,")
    ((requests, connections),) = re.findall(r"requests (\d+), connections (\d+)", printed)
    # 16 rows are a warm-up, and one connection asks for the counts. Both runs have a loop of their own.
    assert (at_once, int(requests)) == (16, 216)
    assert int(connections) <= 2 * 16 + 1


def test_label_texts_sends_nothing_twice() -> None:
    printed = run_short("label_texts")
    assert "rows: 1 · calls: 1 · reused: 0" in printed
    assert re.search(r"second run: rows sent (\d+), rows that had failed \1$", printed, re.MULTILINE)
