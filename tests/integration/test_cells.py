"""Cells in a real kernel: what a person sees, what the server gets, and what the conversation keeps."""

import html
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import groupby, repeat
from pathlib import Path
from typing import Any

import IPython
import pytest
from support.kernel import Kernel, Ran
from support.peer import CUT, KEY, SILENCE, Answer, Peer, Seen, error, frames, obey, reply, stream

from mimo_magics.core.messages import Message, ReasoningPart, Reply, ToolCall
from mimo_magics.core.settings import Settings


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def started(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    with Kernel(folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{server.url}/v1", MIMO_SYSTEM="none") as kernel:
        yield kernel


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = obey
    server.requests.clear()
    return server


@pytest.fixture
def kernel(started: Kernel) -> Kernel:
    """A kernel with the extension just loaded: a new conversation and the default settings."""
    assert started.run("%reload_ext mimo_magics").status == "ok"
    return started


def roles(peer: Peer) -> list[str]:
    return [message["role"] for message in peer.requests[-1].body["messages"]]


def showing(kernel: Kernel, text: str) -> Callable[[], bool]:
    """Return a condition: the cell that runs now shows this text."""
    return lambda: kernel.shows(text)


def step_by_step(kernel: Kernel, words: list[str]) -> Callable[[Seen], Answer]:
    """Send the next word when the cell shows the one before."""

    def pieces(seen: Seen) -> Iterator[Any]:
        for word in words:
            yield from frames(seen, [word], showing(kernel, word.strip()), end=False)
        yield from frames(seen, [])

    return lambda seen: Answer(pieces(seen))


def test_a_cell_shows_one_document_and_the_next_cell_goes_on(kernel: Kernel, peer: Peer) -> None:
    first, second = kernel.run("%%mimo\none"), kernel.run("%%mimo --api openai\ntwo")
    assert (first.documents, second.documents) == (["You said: one"], ["You said: two"])
    assert roles(peer) == ["user", "assistant", "user"]
    assert len({seen.connection for seen in peer.requests}) == 1


def test_a_watched_cell_grows_in_one_output(kernel: Kernel, peer: Peer) -> None:
    words = ["one ", "two ", "three ", "four "]
    peer.answers(step_by_step(kernel, words))
    ran = kernel.run("%%mimo\nhello")
    states = [content["data"]["text/plain"] for _, content in ran.messages]
    grown = ["".join(words[: number + 1]) for number in range(4)]
    assert [state for state, _ in groupby(states)] == grown
    assert len(ran.outputs) == 1


@pytest.mark.parametrize("cell", ["%%mimo\nhello", "%mimo hello"])
def test_what_has_come_is_shown_while_nothing_more_comes(kernel: Kernel, peer: Peer, cell: str) -> None:
    """The server goes on only when the cell shows what it has sent."""
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


def test_the_reply_is_the_value_of_the_cell_and_is_not_shown_twice(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo\nhello")
    assert len(ran.outputs) == 1
    assert kernel.run("print(_.text)").text == "You said: hello\n"
    assert kernel.run("reply = _; print(type(Out[max(Out)]).__name__)").text == "Reply\n"
    assert kernel.run("reply").documents == ["You said: hello"]
    assert kernel.run("reply\nreply").documents == ["You said: hello"]
    assert kernel.run("print(reply)").text == "You said: hello\n"


def test_display_shows_a_reply_whenever_it_is_asked_to(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("x = %mimo hi\ndisplay(x)\nx").documents == ["You said: hi"] * 2
    assert kernel.run("x").documents == ["You said: hi"]


def test_the_reply_goes_into_a_variable_too(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo -o answer --no-history\nhello")
    assert kernel.run("print(answer.text)").text == "You said: hello\n"


def test_a_cell_may_begin_anew_or_stay_aside(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run("%%mimo --no-history\naside")
    assert roles(peer) == ["user"]
    kernel.run("%%mimo\ntwo")
    assert roles(peer) == ["user", "assistant", "user"]
    kernel.run("%%mimo --new\nthree")
    assert roles(peer) == ["user"]
    kernel.run("%%mimo\nfour")
    assert roles(peer) == ["user", "assistant", "user"]


def test_a_new_beginning_that_fails_leaves_the_conversation_as_it_was(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    peer.answers(error(401))
    assert kernel.run("%%mimo --new\ntwo").status == "error"
    peer.script = obey
    kernel.run("%%mimo\nthree")
    assert roles(peer) == ["user", "assistant", "user"]


def test_a_new_beginning_that_breaks_off_is_the_conversation_all_the_same(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    peer.answers(lambda seen: Answer([*frames(seen, ["half"], end=False), CUT]))
    kernel.run("%%mimo --new\ntwo")
    peer.script = obey
    kernel.run("%%mimo\nthree")
    assert [message["content"] for message in peer.requests[-1].body["messages"]] == ["two", "half", "three"]


def test_options_and_settings_reach_the_server(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%mimo_config temperature=0.3 thinking=off system='Be brief.'")
    assert [line.split()[:3] for line in ran.documents[0].splitlines()] == [
        ["setting", "value", "from"],
        ["temperature", "0.3", "here"],
        ["thinking", "off", "here"],
        ["system", "Be", "brief."],
    ]
    kernel.run('%%mimo -m mimo-v2-flash --top-p 0.5 --max-tokens 7 --no-stream -s "Sing."\nhello')
    kernel.run("%%mimo --no-history\nhello")
    assert [seen.body for seen in peer.requests] == [
        {
            "model": "mimo-v2-flash",
            "messages": [{"role": "system", "content": "Sing."}, {"role": "user", "content": "hello"}],
            "stream": False,
            "max_completion_tokens": 7,
            "temperature": 0.3,
            "top_p": 0.5,
            "thinking": {"type": "disabled"},
        },
        {
            "model": "mimo-v2-pro",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.3,
            "thinking": {"type": "disabled"},
        },
    ]


def test_config_and_mimo_config_write_the_same_settings(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%config MimoConfig.model = 'mimo-v2-omni'")
    kernel.run("%mimo_config model=mimo-v2-flash")
    assert kernel.run("%config MimoConfig.model").outputs[0]["data"] == {"text/plain": "'mimo-v2-flash'"}
    (table,) = kernel.run("%mimo_config").documents
    assert [line.split()[0] for line in table.splitlines()[1:]] == [
        *(each.name for each in fields(Settings)),
        "api_key",
    ]
    assert table.splitlines()[-1].split()[:3] == ["api_key", f"…{KEY[-4:]}", "MIMO_API_KEY"]


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
                "-t, --temperature X: How freely words are chosen. Without effect while a MiMo model thinks.",
            ],
        ),
        (
            "%%mimo -t\nhi",
            [
                "BadOption: --temperature wants a value.",
                "-t, --temperature X: How freely words are chosen. Without effect while a MiMo model thinks.",
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
                "--thinking on|off: Reason before answering, or do not.",
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
            ["BadOption: temperature cannot be nan.", "It is: float | None."],
        ),
    ],
)
def test_what_is_wrong_with_a_cell_takes_two_lines_and_sends_nothing(
    kernel: Kernel, peer: Peer, cell: str, lines: list[str]
) -> None:
    ran = kernel.run(cell)
    assert (ran.status, ran.error, peer.requests) == ("error", lines, [])


def test_what_a_server_says_takes_two_lines_and_stops_run_all(kernel: Kernel, peer: Peer) -> None:
    peer.answers(error(401, f"no such key: {KEY}"))
    failed, following = kernel.run_all(["%%mimo\nhello", "print('ran')"])
    assert failed.error == [
        "InvalidApiKey: HTTP 401: no such key: (the key)",
        "Check MIMO_API_KEY: each host and plan has keys of its own.",
    ]
    assert (failed.documents, following.status) == ([], "aborted")


def test_an_answer_that_breaks_off_stays_and_the_cell_is_red(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["half an answer"], end=False), CUT]))
    ran = kernel.run("%%mimo\nhello")
    assert (ran.status, ran.documents, len(ran.error)) == ("error", ["half an answer"], 2)
    assert "cut off: the connection broke" in ran.outputs[0]["data"]["text/html"]
    peer.script = obey
    kernel.run("%%mimo\ngo on")
    assert roles(peer) == ["user", "assistant", "user"]


def test_a_wait_for_a_busy_server_is_seen(kernel: Kernel, peer: Peer) -> None:
    """Its seconds count down; after it the call is made again."""
    peer.answers(error(503, "overloaded", **{"Retry-After": "120"}))
    notice = "HTTP 503: overloaded · again in {} s, attempt 2 of 5"
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


# Interrupts

ENDLESS = {
    "before the first byte": lambda seen: Answer([SILENCE]),
    "in the stream": lambda seen: Answer(frames(seen, repeat("word "), 0.02)),
    "in silence": lambda seen: Answer([*frames(seen, ["half ", "an answer"], end=False), SILENCE]),
    "while waiting for another attempt": lambda seen: error(503, "busy", **{"Retry-After": "120"}),
}
"""What does not end by itself, or not before the test gives up."""
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
    begun = showing(kernel, SHOWN[state])
    stopped, following = kernel.run_all([cell, "print('ran')"], when=lambda: bool(peer.requests) and begun())
    came = state in ("in the stream", "in silence")
    assert stopped.error == [
        f"Interrupted: The answer was stopped; {'what had come is kept' if came else 'nothing had come'}."
    ]
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
    assert roles(peer) == (["user", "assistant", "user"] if came else ["user"])


# Every other way to run a cell


@pytest.mark.parametrize(
    "cell",
    [
        "%mimo hello",
        "get_ipython().run_cell_magic('mimo', '', 'hello')",
        "x = get_ipython().run_cell_magic('mimo', '', 'hello')",
        "get_ipython().run_line_magic('mimo', 'hello')",
        "x = %mimo hello",
        "%%time\n%%mimo\nhello",
        "get_ipython().run_cell('%%mimo\\nhello');",
        "def f():\n    %mimo hello\nf()",
        "import asyncio\nawait asyncio.sleep(0)\n%mimo hello",
    ],
)
def test_prompts_can_be_run_from_anywhere(kernel: Kernel, peer: Peer, cell: str) -> None:
    assert kernel.run(cell).documents == ["You said: hello"]


def test_prompts_can_be_run_in_a_loop(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("for n in range(3):\n    %mimo --no-history hello {n}")
    assert ran.documents == ["You said: hello 0", "You said: hello 1", "You said: hello 2"]


def test_what_ipython_keeps_beside_the_variables_is_not_theirs(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%%mimo --no-history\n{open} {exit} {In} {get_ipython}").documents == [
        "You said: {open} {exit} {In} {get_ipython}"
    ]
    kernel.run("open = 'mine'")
    assert kernel.run("%%mimo --no-history\n{open} {_}").documents == [
        "You said: mine You said: {open} {exit} {In} {get_ipython}"
    ]
    kernel.run("del open")


def test_a_line_in_a_function_sees_its_variables(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("x = 'outside'\ndef f(x):\n    r = %mimo hello {x}\n    return r\nprint(f('inside'), x)")
    assert ran.text == "You said: hello inside outside\n"


def test_a_line_may_end_in_a_question_mark(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%mimo -t 0 What's up?").documents == ["You said: What's up?"]
    assert kernel.run("x = %mimo Really?\nprint(x)").text == "You said: Really?\n"


def test_what_a_cell_shows_can_be_captured(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%capture shown\n%%mimo\nhello")
    assert (ran.status, ran.outputs) == ("ok", [])
    look = "print([output.data['text/plain'] for output in shown.outputs if output.data])"
    assert kernel.run(look).text == "['You said: hello']\n"


def test_a_kernel_that_does_not_await_runs_cells_all_the_same(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%autoawait off")
    assert kernel.run("%%mimo\nhello").documents == ["You said: hello"]
    kernel.run("%autoawait on")


def test_other_tasks_go_on_while_a_cell_awaits_and_stand_still_while_it_does_not(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    """The task writes down how often it ran; the server looks while it answers."""
    counted = tmp_path / "beats"
    counted.write_text("")
    kernel.run(
        f"import asyncio\nasync def beat():\n    while True:\n        with open({str(counted)!r}, 'a') as file:\n"
        "            file.write('.')\n        await asyncio.sleep(0.01)\ntask = asyncio.create_task(beat())"
    )

    def beats() -> int:
        return len(counted.read_text())

    def until_it_ran(seen: Seen) -> Answer:
        before = beats()
        return Answer(frames(seen, ["a"], lambda: beats() > before + 15))

    stood_still: list[bool] = []

    def while_it_stands_still(seen: Seen) -> Answer:
        before = beats()
        return Answer(frames(seen, ["a"] * 20, lambda: stood_still.append(beats() == before) or True))

    peer.answers(until_it_ran, while_it_stands_still)
    assert kernel.run("%%mimo\nhello").documents == ["a"]
    assert kernel.run("%mimo hello").documents == ["a" * 20]
    assert stood_still == [True] * 20
    kernel.run("task.cancel()")


def test_two_shells_in_one_process_have_conversations_of_their_own(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "other = InteractiveShell()\n"
        "done = other.run_line_magic('load_ext', 'mimo_magics')\n"
        "done = other.run_cell_magic('mimo', '-q -s none', 'two')"
    )
    assert [message["content"] for message in peer.requests[-1].body["messages"]] == ["two"]


def test_unloading_leaves_nothing_behind(kernel: Kernel) -> None:
    kernel.run(
        "def traces():\n    ip = get_ipython()\n    lists = [ip.input_transformers_post, ip.input_transformers_cleanup,"
        " ip.configurables, *ip.magics_manager.magics.values(), *ip.events.callbacks.values(),"
        " ip.display_formatter.ipython_display_formatter.type_printers]\n"
        "    return [str(each) for one in lists for each in one if 'imo' in str(each)]"
    )
    assert kernel.run("len(traces())").documents != ["0"]
    for _ in range(2):
        kernel.run("%mimo_config")
        kernel.run("%unload_ext mimo_magics")
        assert kernel.run("traces()").documents == ["[]"]
        kernel.run("%load_ext mimo_magics")


def test_texts_and_other_cells_may_hold_lines_that_look_like_ours(kernel: Kernel, peer: Peer) -> None:
    line = "%mimo How are you?"
    kernel.run(f"%%writefile note.txt\n{line}\n")
    assert kernel.run("print(open('note.txt').read(), end='')").text == f"{line}\n"
    assert kernel.run(f"x = '''\n{line}\n'''\nprint(x)").text == f"\n{line}\n\n"
    kernel.run(f"%%mimo --no-history\nExplain:\n{line}")
    assert peer.requests[-1].body["messages"][-1]["content"] == f"Explain:\n{line}"
    kernel.run(f"# it's a comment with ''' in it\n{line}")
    assert peer.requests[-1].body["messages"][-1]["content"] == "How are you?"


@pytest.mark.parametrize("cell", ["%%mimo", "%%mimo -t 0", "%%mimo_compare -t 0 1"])
def test_a_cell_without_a_prompt_is_told_so_under_its_own_name(kernel: Kernel, peer: Peer, cell: str) -> None:
    ran = kernel.run(cell)
    name = cell.split(maxsplit=1)[0]
    assert f"{name} is a cell magic, but the cell body is empty." in ran.text + "".join(ran.error)
    assert peer.requests == []


def test_an_empty_cell_inside_a_cell_changes_nothing(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("ip = get_ipython()\nip.run_cell('')\nip.run_cell('%%mimo\\nnested');")
    assert ran.documents == ["You said: nested"]
    assert kernel.run("await __import__('asyncio').sleep(0)\nip.run_cell('%%mimo\\nagain');").documents == [
        "You said: again"
    ]


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


def test_the_key_is_in_nothing_that_a_notebook_saves(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%xmode Verbose")
    runs = [kernel.run("%%mimo\nhello"), kernel.run("_"), kernel.run("%mimo_config")]
    peer.answers(error(500, KEY))
    runs += [
        kernel.run("%%mimo\nhello"),
        kernel.run("import sys; repr(sys.last_value), vars(sys.last_value)"),
    ]
    kernel.run("%xmode Context")
    assert KEY not in "".join(map(shown, runs))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%mimo?", ["Name three things to see in {city}.", "--temperature X", "--no-stream", "-o NAME"]),
        ("%mimo?", ["reply = %mimo Which of them is free?", "--temperature X"]),
        ("%mimo_config?", ["%mimo_config --reset temperature"]),
    ],
)
def test_each_magic_has_a_help_page_before_it_is_used_and_after(
    kernel: Kernel, cell: str, words: list[str]
) -> None:
    before, after_use = kernel.help(cell), (kernel.run("%mimo_config"), kernel.help(cell))[1]
    assert [word for word in words if word not in before or word not in after_use] == []
    assert "--no-no-stream" not in before


def test_a_key_is_typed_in_unseen_and_bound_to_its_host(kernel: Kernel, peer: Peer) -> None:
    typed = "sk-typed-0123456789"
    kernel.run(f"%mimo_config base_url=http://localhost:{peer.host.rpartition(':')[2]}/v1")
    ran, question = kernel.answer("%mimo_config api_key", typed)
    assert question == {"prompt": f"Key for localhost:{peer.host.rpartition(':')[2]}: ", "password": True}
    assert ran.documents[0].splitlines()[1].split()[:3] == ["api_key", "…6789", "getpass"]
    kernel.run("%%mimo\nhello")
    kernel.run(f"%mimo_config base_url={peer.url}/v1")
    kernel.run("%%mimo\nhello")
    assert [seen.headers["authorization"] for seen in peer.requests] == [f"Bearer {typed}", f"Bearer {KEY}"]
    assert typed not in json.dumps(ran.messages)


def test_nobody_is_asked_for_a_key_where_nobody_is(kernel: Kernel) -> None:
    ran = kernel.run("%mimo_config api_key", watched=False)
    assert ran.error == ["BadOption: Nobody can be asked for a key here.", "Set MIMO_API_KEY instead."]


def test_a_key_is_not_taken_from_the_line(kernel: Kernel) -> None:
    ran = kernel.run("%mimo_config api_key=sk-written")
    assert ran.error == [
        "BadOption: A key is never written into a cell.",
        "%mimo_config api_key asks for it.",
    ]


def test_a_quiet_cell_shows_nothing_and_has_its_value(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo -q\nhello")
    assert (ran.status, ran.messages) == ("ok", [])
    assert kernel.run("print(_)").text == "You said: hello\n"


def test_an_answer_can_be_shown_as_text_or_as_json(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply('{"*a*": [1]}', reasoning="")))
    as_json, as_text = kernel.run("%%mimo -f json\nhello"), kernel.run("%%mimo -f text\nhello")
    words = re.sub(
        "<[^>]*>", "", html.unescape(as_json.outputs[0]["data"]["text/html"])
    )  # spans differ by version
    assert words.startswith('{\n  "*a*": [\n    1\n  ]\n}')
    assert '<pre dir="auto">{&quot;*a*&quot;: [1]}</pre>' in as_text.outputs[0]["data"]["text/html"]
    assert as_json.documents == as_text.documents == ['{"*a*": [1]}']


def test_loading_twice_is_harmless(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("import mimo_magics\nmimo_magics.load_ipython_extension(get_ipython())").status == "ok"
    assert kernel.run("%%mimo\nhello").documents == ["You said: hello"]
    assert (
        kernel.run("print(len([t for t in get_ipython().input_transformers_post if 'mimo' in str(t)]))").text
        == "1\n"
    )


def test_what_cannot_be_used_of_a_project_is_told_when_the_extension_is_loaded(
    kernel: Kernel, peer: Peer
) -> None:
    kernel.run("%%writefile pyproject.toml\n[tool.mimo]\nbase_url = 'http://evil'\nmax_tokens = 7\n")
    ran = kernel.run("%reload_ext mimo_magics")
    kernel.run("%%mimo\nhello")
    kernel.run("import os; os.remove('pyproject.toml')")
    assert ran.text.endswith("pyproject.toml: [tool.mimo] may not set 'base_url'.\n")
    assert peer.requests[0].body["max_completion_tokens"] == 7


# Answers that are there

CODE = "One:\n\n```python\na = 1\nb = 2\n```\n\n- two:\n\n  ```\n  c\n  ```\n\nThat is all."


def test_a_turn_is_shown_anew(kernel: Kernel, peer: Peer) -> None:
    for prompt in ("one", "two"):
        kernel.run(f"%mimo {prompt}")
    assert kernel.run("%mimo show").documents == ["You said: two"]
    shown = kernel.run("%mimo show 1")
    assert shown.documents == ["You said: one"]
    assert shown.outputs[0]["metadata"] == {}
    assert kernel.run("%mimo show 3").error == ["BadOption: There is no turn 3.", "The conversation has 2."]
    assert len(peer.requests) == 2


def test_a_code_block_and_nothing_else_goes_into_a_new_cell(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply(CODE)))
    kernel.run("%%mimo --no-history\nhello")
    for number, code in (("1", "a = 1\nb = 2"), ("2", "c")):
        (payload,) = kernel.run(f"%mimo insert {number}").payload
        assert payload == {"source": "set_next_input", "text": code, "replace": False}
    assert kernel.run("%mimo insert").error == [
        "BadOption: The last answer has 2 code blocks.",
        "Say which: %mimo insert 1.",
    ]
    assert kernel.run("%mimo insert 3").error[0] == "BadOption: There is no code block 3."


def test_an_answer_and_its_code_can_be_copied_with_one_click(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply(CODE)))
    kernel.run("%mimo hello")
    whole, code = kernel.run("%mimo copy"), kernel.run("%mimo copy 1")
    assert (whole.documents, code.documents) == ([CODE], ["a = 1\nb = 2"])
    assert "user-select: all" in code.outputs[0]["data"]["text/html"]


def test_words_that_only_begin_like_a_command_are_a_prompt(kernel: Kernel, peer: Peer) -> None:
    for line in ("show me Tokyo", "-- show", "insert 1 coin", "copy that?"):
        kernel.run(f"%mimo {line}")
    assert [seen.prompt for seen in peer.requests] == ["show me Tokyo", "show", "insert 1 coin", "copy that?"]


def test_there_is_nothing_to_show_of_a_conversation_that_has_not_begun(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%mimo show").error == ["BadOption: There is no turn in the conversation yet."]


# Tools

WEATHER = """import mimo_magics
@mimo_magics.tool
def weather(city: str) -> str:
    'Tell the weather of a city.'
    print('looking out of the window')
    return f'Rain in {city}.'
"""
CALLS = (ReasoningPart("Hm."), ToolCall("c1", "weather", '{"city": "Tokyo"}'))


@pytest.fixture
def rainy(kernel: Kernel, peer: Peer) -> Iterator[Kernel]:
    """A kernel with a tool, and a model that calls it."""
    calls, answer = Reply(Message("assistant", CALLS), stop="tool_calls"), reply("Take an umbrella.")
    peer.answers(lambda seen: stream(seen, calls), lambda seen: stream(seen, answer))
    assert kernel.run(WEATHER).status == "ok"
    yield kernel
    kernel.run("from mimo_magics.tools.registry import REGISTERED_TOOLS; REGISTERED_TOOLS.clear()")


@pytest.mark.parametrize("cell", ["%%mimo\nUmbrella?", "%mimo Umbrella?"])
def test_a_person_is_asked_before_a_tool_runs(rainy: Kernel, peer: Peer, cell: str) -> None:
    ran, question = rainy.answer(cell, "y")
    assert question["prompt"].startswith('weather {"city": "Tokyo"}\nRun it? ')
    assert ran.documents[-1] == "Take an umbrella."
    html = ran.outputs[-1]["data"]["text/html"]
    assert "Rain in Tokyo." in html
    assert "looking out of the window" in html
    assert peer.requests[-1].body["messages"][-1]["content"] == "Rain in Tokyo."


def test_the_model_is_told_why_not(rainy: Kernel, peer: Peer) -> None:
    rainy.answer("%%mimo\nUmbrella?", "not today")
    assert peer.requests[-1].body["messages"][-1]["content"] == "The person refused this call: not today"


def test_where_nobody_can_be_asked_nothing_runs_and_the_output_says_how_to_allow_it(
    rainy: Kernel, peer: Peer
) -> None:
    ran = rainy.run("%%mimo\nUmbrella?", watched=False)
    assert "%mimo_tools confirm weather=none" in ran.outputs[0]["data"]["text/html"]
    assert "looking out" not in ran.outputs[0]["data"]["text/html"]
    rainy.run("%mimo_tools confirm weather=none")
    calls = Reply(Message("assistant", CALLS), stop="tool_calls")
    peer.answers(lambda seen: stream(seen, calls), lambda seen: stream(seen, reply("Yes.")))
    assert "Rain in Tokyo." in str(rainy.run("%%mimo\nUmbrella?", watched=False).outputs)


def test_tools_are_listed_added_and_removed(rainy: Kernel, peer: Peer) -> None:
    rainy.run("def clock(zone: str = 'UTC') -> str:\n    'Tell the time.'\n    return '12:00'")
    (listed,) = rainy.run("%mimo_tools add clock").documents
    assert [line.split()[:3] for line in listed.splitlines()[1:]] == [
        ["weather", "every_call", "function"],
        ["clock", "every_call", "function"],
    ]
    assert "weather" not in rainy.run("%mimo_tools remove weather").documents[0]
    assert rainy.run("%mimo_tools add wether").error[0] == "BadOption: There is no function or tool wether."
    assert rainy.run("%mimo_tools frobnicate").status == "error"


def test_a_cell_may_offer_functions_of_its_own_choice(rainy: Kernel, peer: Peer) -> None:
    rainy.run("def clock() -> str:\n    'Tell the time.'\n    return '12:00'")
    peer.answers(lambda seen: stream(seen, reply("Hi.")))
    rainy.run("%%mimo --tools clock\nhello")
    assert [tool["function"]["name"] for tool in peer.requests[-1].body["tools"]] == ["clock"]
    rainy.run("%%mimo\nhello")
    assert [tool["function"]["name"] for tool in peer.requests[-1].body["tools"]] == ["weather"]


def test_running_the_cell_again_replaces_the_tool(rainy: Kernel, peer: Peer) -> None:
    rainy.run(WEATHER.replace("Rain in", "Sun in"))
    ran, _ = rainy.answer("%%mimo\nUmbrella?", "y")
    assert "Sun in Tokyo." in str(ran.outputs)


def test_a_function_that_cannot_be_described_is_refused_when_it_is_registered(kernel: Kernel) -> None:
    ran = kernel.run("import mimo_magics\n@mimo_magics.tool\ndef f(*args): pass")
    assert ran.error[0].startswith("BadOption: ")
    assert len(ran.error) == 2


def test_a_tool_that_asks_the_model_itself_gets_an_error_and_not_a_knot(rainy: Kernel, peer: Peer) -> None:
    rainy.run(
        "@mimo_magics.tool(confirm='none')\ndef weather(city: str) -> str:\n"
        "    'Ask.'\n    return get_ipython().run_cell_magic('mimo', '', 'hi').text"
    )
    rainy.run("%%mimo\nUmbrella?")
    told = peer.requests[-1].body["messages"][-1]["content"]
    assert told.startswith("SessionBusy: ") or "SessionBusy" in told


def test_an_interrupt_while_a_tool_runs_lands_at_once_and_every_call_has_its_result(
    rainy: Kernel, peer: Peer, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    rainy.run(
        "import threading\ngo_on, done = threading.Event(), []\n"
        "@mimo_magics.tool(confirm='none')\ndef weather(city: str) -> str:\n"
        f"    'Never.'\n    open({str(begun)!r}, 'w').close()\n    go_on.wait()\n    done.append(city)"
    )
    ran = rainy.run("%%mimo\nUmbrella?", when=begun.exists)
    assert rainy.run("print(done); go_on.set()").text == "[]\n"
    assert ran.error == ["Interrupted: The answer was stopped; what had come is kept."]
    assert "what it began may still go on" in ran.outputs[0]["data"]["text/html"]
    peer.script = obey
    assert rainy.run("%%mimo\nagain").documents == ["You said: again"]


ADDER = """from mcp.server import MCPServer
server = MCPServer('adder', log_level='CRITICAL')
@server.tool()
def add(a: int, b: int) -> str:
    'Add two numbers.'
    return str(a + b)
server.run()
"""


def test_tools_of_an_mcp_server_stand_beside_the_others_and_ask_too(
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
    assert question["prompt"].startswith('sums_add {"a": 2, "b": 3}\n')
    assert ran.documents[-1] == "Five."
    assert peer.requests[-1].body["messages"][-1]["content"] == "5"
