"""The run of a cell: its output, its document and its interruption."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from itertools import groupby, repeat
from typing import Any

import IPython
import pytest
from support.kernel import Kernel, Ran
from support.kernel_cells import roles
from support.peer import CUT, SILENCE, Answer, Peer, Seen, error, frames, obey, reply, stream
from support.session_cells import cell_notices


def showing(kernel: Kernel, text: str) -> Callable[[], bool]:
    """Return a condition: the running cell shows this text."""
    return lambda: kernel.shows(text)


def step_by_step(kernel: Kernel, words: list[str]) -> Callable[[Seen], Answer]:
    """Send the next word when the cell shows the one before."""

    def pieces(seen: Seen) -> Iterator[Any]:
        for word in words:
            yield from frames(seen, [word], showing(kernel, word.strip()), end=False)
        yield from frames(seen, [])

    return lambda seen: Answer(pieces(seen))


def test_a_watched_cell_grows_in_one_output(kernel: Kernel, peer: Peer) -> None:
    words = ["one ", "two ", "three ", "four "]
    peer.answers(step_by_step(kernel, words))
    ran = kernel.run("%%mimo\nhello")
    states = [content["data"]["text/plain"] for _, content in ran.messages]
    grown = ["".join(words[: number + 1]) for number in range(4)]
    assert [state for state, _ in groupby(states)] == grown
    assert len(ran.outputs) == 1


@pytest.mark.parametrize("cell", ["%%mimo\nhello", "%mimo hello"])
def test_partial_text_is_shown_while_the_server_pauses(kernel: Kernel, peer: Peer, cell: str) -> None:
    """The server continues only when the cell shows the text."""
    peer.answers(step_by_step(kernel, ["first ", "second "]))
    ran = kernel.run(cell)
    states = [content["data"]["text/plain"] for _, content in ran.messages]
    assert [state for state, _ in groupby(states)] == ["first ", "first second "]


def test_an_unwatched_cell_shows_its_document_once(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo\nhello", watched=False)
    assert [kind for kind, _ in ran.messages] == ["display_data"]
    assert set(ran.outputs[0]["data"]) == {"text/html", "text/plain"}


def test_the_saved_output_carries_the_record_of_its_turn(kernel: Kernel, peer: Peer) -> None:
    before = time.time()
    ran = kernel.run("%%mimo --max-tokens 9\nhello")
    record = ran.outputs[0]["metadata"]["mimo"]
    assert record["reply"].pop("timing").keys() == {"first", "reasoning", "total"}
    assert before <= record.pop("asked") <= time.time()
    assert len(record.pop("id")) == 12
    assert len(record.pop("digest")) == 32
    assert record.pop("cell").startswith("cell-")
    assert record == {
        "version": 1,
        "preset": "other",
        "api": "openai",
        "params": {"model": "mimo-v2-pro", "max_completion_tokens": 9},
        "prompt": {"role": "user", "parts": [{"type": "text", "text": "hello"}]},
        "reply": {
            "message": {
                "role": "assistant",
                "parts": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "length": 15}],
            },
            "usage": {"input": 20, "output": 10, "cached": 5},
            "stop": "end",
            "model": "mimo-test",
            "id": "0123456789abcdef",
        },
        "spent": {"input": 20, "output": 10, "cached": 5},
        "context": 30,
        "session": "main",
    }


def test_a_long_reply_costs_its_html_and_little_more(kernel: Kernel, peer: Peer) -> None:
    words = [f"word{n} and *more* of it, " for n in range(500)]
    peer.answers(lambda seen: Answer(frames(seen, words)))
    (output,) = kernel.run("%%mimo\nhello", watched=False).outputs
    saved = len(json.dumps({"data": output["data"], "metadata": output["metadata"]}))
    assert saved <= len(json.dumps(output["data"]["text/html"])) + 2.5 * len("".join(words))


def test_a_broken_connection_keeps_the_partial_reply_and_the_cell_fails(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["half an answer"], end=False), CUT]))
    ran = kernel.run("%%mimo\nhello")
    assert (ran.status, ran.documents, len(ran.error)) == ("error", ["half an answer"], 2)
    assert "incomplete: the connection broke" in ran.outputs[0]["data"]["text/html"]
    peer.script = obey
    kernel.run("%%mimo\ngo on")
    assert roles(peer) == ["user", "assistant", "user"]


def test_a_wait_for_a_busy_server_is_shown(kernel: Kernel, peer: Peer) -> None:
    """The seconds count down, and then the call is retried."""
    peer.answers(error(503, "overloaded", **{"Retry-After": "120"}))
    notice = "HTTP 503 Service Unavailable: overloaded · retrying in {} s, attempt 2 of 5"
    ran = kernel.run(
        "%%mimo\nhello", when=lambda: any(map(kernel.shows, map(notice.format, range(100, 118))))
    )
    shown = json.dumps(ran.messages, ensure_ascii=False)
    seconds = [int(each) for each, _ in groupby(re.findall(notice.format(r"(\d+)"), shown))]
    assert len(seconds) > 1
    assert seconds == sorted(set(seconds), reverse=True)
    assert max(seconds) <= 121

    peer.answers(error(503, "overloaded", **{"Retry-After": "1"}), obey)
    assert kernel.run("%%mimo\nhello").documents == ["You said: hello"]


ENDLESS = {
    "before the first byte": lambda seen: Answer([SILENCE]),
    "in the stream": lambda seen: Answer(frames(seen, repeat("word "), 0.02)),
    "in silence": lambda seen: Answer([*frames(seen, ["half ", "an answer"], end=False), SILENCE]),
    "while waiting for another attempt": lambda seen: error(503, "busy", **{"Retry-After": "120"}),
}
"""Responses that do not end by themselves during the test."""


SAVED = "The partial reply was saved to the session; %mimo continue resumes it."
SHOWN = {
    "before the first byte": "",
    "in the stream": "word",
    "in silence": "half an answer",
    "while waiting for another attempt": "attempt 2 of 5",
}


@pytest.mark.parametrize("cell", ["%%mimo\nhello", "%mimo hello", "%%time\n%%mimo\nhello"])
@pytest.mark.parametrize("state", ENDLESS)
def test_an_interrupt_lands_at_once(kernel: Kernel, peer: Peer, state: str, cell: str) -> None:
    peer.script = ENDLESS[state]
    is_shown = showing(kernel, SHOWN[state])
    stopped, following = kernel.run_all(
        [cell, "print('ran')"], when=lambda: bool(peer.requests) and is_shown()
    )
    is_partial = state in ("in the stream", "in silence")
    assert stopped.error == [f"Interrupted: {SAVED if is_partial else 'No reply was received.'}"]
    assert len(peer.requests) == 1
    if "%%time" not in cell or IPython.version_info >= (9, 4):  # an older %%time swallows every error
        assert following.status == "aborted"
    assert len(stopped.documents) <= 1
    if state != "while waiting for another attempt":
        assert peer.settled()[-1].disconnected
    if state == "in silence":
        assert stopped.documents == ["half an answer"]
    peer.script = obey
    assert kernel.run("%%mimo\ngo on").documents == ["You said: go on"]
    assert roles(peer) == (["user", "assistant", "user"] if is_partial else ["user"])


def test_a_long_reply_is_shown_by_finished_parts_and_ends_as_one_document(kernel: Kernel, peer: Peer) -> None:
    paragraphs = [f"Paragraph {n}: " + "word " * 60 + "\n\n" for n in range(30)]
    peer.answers(lambda seen: Answer(frames(seen, paragraphs, 0.06)))
    ran = kernel.run("%%mimo\nhello")
    sizes = [len(content["data"]["text/plain"]) for kind, content in ran.messages if "data" in content]
    assert max(sizes[:-1]) < 4_000
    assert sizes[-1] == len("".join(paragraphs))
    assert ran.documents == ["".join(paragraphs)]


def shown(ran: Ran) -> str:
    return json.dumps(ran.messages)


def test_a_quiet_cell_shows_nothing_and_has_its_value(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo -q\nhello")
    assert (ran.status, ran.messages) == ("ok", [])
    assert kernel.run("print(_)").text == "You said: hello\n"


def test_a_reply_can_be_shown_as_text_or_as_json(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply('{"*a*": [1]}', reasoning="")))
    as_json, as_text = kernel.run("%%mimo -f json\nhello"), kernel.run("%%mimo -f text\nhello")
    words = re.sub(
        "<style>.*?</style>|<[^>]*>", "", html.unescape(as_json.outputs[0]["data"]["text/html"])
    )  # spans differ by version
    assert words.startswith('{\n  "*a*": [\n    1\n  ]\n}')
    assert '<pre dir="auto">{&quot;*a*&quot;: [1]}</pre>' in as_text.outputs[0]["data"]["text/html"]
    assert as_json.documents == as_text.documents == ['{"*a*": [1]}']


def test_a_dry_run_has_the_history_of_its_cell(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none", cell="one")
    kernel.run("%%mimo -o draft --dry-run\ntwo", cell="two")
    assert kernel.run("print(len(draft.body['messages']))").text == "3\n"
    kernel.run("%%mimo -o draft --dry-run\nanother", cell="one")
    assert kernel.run("print(len(draft.body['messages']))").text == "1\n"
    assert len(peer.requests) == 1


def test_a_dry_run_with_fresh_reports_no_cached_reply(kernel: Kernel) -> None:
    kernel.run("%mimo_config run_all=keep notebook=none.ipynb")
    kernel.run("%%mimo\none", cell="one")
    kernel.run("%%mimo --dry-run -o cached\none", cell="one")
    kernel.run("%%mimo --dry-run --fresh -o fresh\none", cell="one")
    assert kernel.run("print(len(cached.warnings), len(fresh.warnings))").text == "1 0\n"


def test_code_for_a_format_without_a_base_url_is_an_error(kernel: Kernel) -> None:
    assert kernel.run("%%mimo --as anthropic\nHello").error == [
        "BadOption: The base URL is for the openai format, but the code needs the anthropic format.",
        "Set its base URL: --api anthropic --base-url URL",
    ]


def test_the_reply_and_a_dry_run_name_what_was_not_replaced(kernel: Kernel, peer: Peer) -> None:
    peer.answers(obey)
    kernel.run("rows = [1, 2]")
    prompt = "Explain {rows}, {rows.head()} and {typo}."
    fact = "Not replaced in the prompt: {rows.head()}, {typo}."
    (notice,) = cell_notices(kernel.run(f"%%mimo\n{prompt}"))
    assert notice.startswith(fact)
    assert peer.requests[-1].body["messages"][-1]["content"] == "Explain [1, 2], {rows.head()} and {typo}."
    count = len(peer.requests)
    assert f"⚠ {fact}" in kernel.run(f"%%mimo --dry-run\n{prompt}").documents[0]
    kernel.run("%mimo_config unresolved=error")
    assert kernel.run(f"%%mimo\n{prompt}").error[0] == f"BadOption: {fact}"
    kernel.run("%mimo_config unresolved=default")
    assert len(peer.requests) == count


def test_continue_has_no_dry_run(kernel: Kernel) -> None:
    assert (
        kernel.run("%mimo --dry-run continue")
        .error[0]
        .startswith("BadOption: %mimo continue has no dry run.")
    )


def test_an_interrupt_reports_that_the_session_file_was_not_written(kernel: Kernel, peer: Peer) -> None:
    kernel.run("from mimo_magics.core.errors import SessionNotSaved")
    kernel.run("from mimo_magics.session.session import Session\ncommit = Session._commit_history")
    kernel.run(
        "def fail(session, history):\n    commit(session, history)\n    raise SessionNotSaved('The disk is full.')"
    )
    kernel.run("Session._commit_history = fail")
    peer.script = ENDLESS["in silence"]
    ran = kernel.run("x = %mimo hello", when=showing(kernel, "half an answer"))
    kernel.run("Session._commit_history = commit")
    assert ran.error == [f"Interrupted: {SAVED}", "The disk is full."]


def test_an_interrupted_document_becomes_plain_text_and_is_not_rendered_again(
    kernel: Kernel, peer: Peer
) -> None:
    kernel.run("import markdown_it\nrender, stops = markdown_it.MarkdownIt.render, []")
    kernel.run("def stop(*_):\n    stops.append(1)\n    raise KeyboardInterrupt")
    kernel.run("markdown_it.MarkdownIt.render = stop")
    ran = kernel.run("%%mimo\nhello", watched=False)
    kernel.run("markdown_it.MarkdownIt.render = render")
    document = ran.outputs[0]["data"]["text/html"]
    assert '<pre dir="auto">You said: hello</pre>' in document
    assert "Shown as plain text: rendering was interrupted." in document
    assert ran.error[0] == "Interrupted: The rendering was interrupted. The reply is saved."
    assert kernel.run("print(len(stops))").text == "1\n"


def test_a_truncated_reply_names_continue(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply("One, two", stop="length")))
    advice = ["The reply is incomplete; %mimo continue resumes it."]
    assert cell_notices(kernel.run("%%mimo\nCount.")) == advice
    assert cell_notices(kernel.run("%%mimo --no-history\nCount.")) == []
    peer.answers(obey)
    assert cell_notices(kernel.run("%mimo continue")) == []


CODE_REPLY = "First:\n\n```python\nprint(1)\n```\n\nThen:\n\n- in a list\n\n  ~~~\n  print(2)\n  ~~~\n\nDone."


def send_code(peer: Peer, text: str = CODE_REPLY) -> None:
    peer.script = lambda seen: stream(seen, reply(text))


def test_the_format_code_shows_and_returns_only_the_code(kernel: Kernel, peer: Peer) -> None:
    send_code(peer)
    ran = kernel.run("%%mimo -f code -o code\nPrint 1.")
    html = ran.outputs[-1]["data"]["text/html"]
    assert ("First" in html, "Then" in html, html.count("<pre"), len(ran.outputs)) == (False, False, 2, 1)
    shown = kernel.run("print(code)\nexec(code)\ntype(code).__name__, isinstance(code, str), code is _")
    assert shown.text == "print(1)\n\nprint(2)\n1\n2\n"
    assert shown.documents == ["('CodeText', True, True)"]
    assert kernel.run("code").documents == ["print(1)\n\nprint(2)"]


def test_a_reply_without_code_is_shown_whole_and_its_code_is_empty(kernel: Kernel, peer: Peer) -> None:
    send_code(peer, "I cannot.")
    ran = kernel.run("%%mimo -f code --into-cell -o code\nPrint 1.")
    assert "I cannot." in ran.outputs[-1]["data"]["text/html"]
    assert "The reply contains no code block." in ran.outputs[-1]["data"]["text/html"]
    assert (ran.payload, kernel.run("len(code)").documents) == ([], ["0"])


def test_the_code_of_a_reply_goes_into_a_cell_below(kernel: Kernel, peer: Peer) -> None:
    send_code(peer)
    ran = kernel.run("%%mimo --into-cell\nPrint 1.")
    assert ran.payload == [{"source": "set_next_input", "text": "print(1)\n\nprint(2)", "replace": False}]
    assert kernel.run("type(_).__name__").documents == ["'Reply'"]
    assert kernel.run("x = %mimo --into-cell -q Print 1.").payload[0]["text"] == "print(1)\n\nprint(2)"
