"""The magics %%mimo and %mimo in a kernel: every way to run them, and what they send."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.kernel import Kernel, Ran
from support.kernel_cells import CALLS, WEATHER, roles
from support.peer import CUT, KEY, Answer, Peer, error, frames, obey, reply, stream
from support.session_cells import run_prompts

from mimo_magics.core.messages import Message, Reply


def test_a_cell_shows_one_document_and_the_next_cell_follows_it(kernel: Kernel, peer: Peer) -> None:
    first, second = kernel.run("%%mimo\none"), kernel.run("%%mimo --api openai\ntwo")
    assert (first.documents, second.documents) == (["You said: one"], ["You said: two"])
    assert roles(peer) == ["user", "assistant", "user"]
    assert len({seen.connection for seen in peer.requests}) == 1


def test_the_reply_can_be_stored_in_a_variable(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo -o answer --no-history\nhello")
    assert kernel.run("print(answer.text)").text == "You said: hello\n"


def test_a_cell_may_open_a_branch_or_send_a_one_off_prompt(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run("%%mimo --no-history\naside")
    assert roles(peer) == ["user"]
    kernel.run("%%mimo\ntwo")
    assert roles(peer) == ["user", "assistant", "user"]
    kernel.run("%%mimo --new\nthree")
    assert roles(peer) == ["user"]
    kernel.run("%%mimo\nfour")
    assert roles(peer) == ["user", "assistant", "user"]


def test_a_failed_call_with_new_leaves_the_session_unchanged(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    peer.answers(error(401))
    assert kernel.run("%%mimo --new\ntwo").status == "error"
    peer.script = obey
    kernel.run("%%mimo\nthree")
    assert roles(peer) == ["user", "assistant", "user"]


def test_an_incomplete_reply_with_new_opens_the_branch(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    peer.answers(lambda seen: Answer([*frames(seen, ["half"], end=False), CUT]))
    kernel.run("%%mimo --new\ntwo")
    peer.script = obey
    kernel.run("%%mimo\nthree")
    assert [message["content"] for message in peer.requests[-1].body["messages"]] == ["two", "half", "three"]


def test_options_and_settings_reach_the_server(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%mimo_config temperature=0.3 thinking=off system='Be brief.'")
    assert [line.split()[:3] for line in ran.documents[0].splitlines()] == [
        ["setting", "value", "source"],
        ["temperature", "0.3", "notebook"],
        ["thinking", "off", "notebook"],
        ["system", "Be", "brief."],
    ]
    kernel.run('%%mimo -m mimo-v2-flash --top-p 0.5 --max-tokens 7 --no-stream -s "Sing."\nhello')
    kernel.run("%%mimo --no-history\nhello")
    assert [seen.body for seen in peer.requests] == [
        {
            "model": "mimo-v2-flash",
            "messages": [{"role": "system", "content": "Sing."}, {"role": "user", "content": "hello"}],
            "stream": False,
            "max_tokens": 7,
            "temperature": 0.3,
            "top_p": 0.5,
            "chat_template_kwargs": {"enable_thinking": False},
        },
        {
            "model": "mimo-v2-pro",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.3,
            "chat_template_kwargs": {"enable_thinking": False},
        },
    ]


def test_an_error_of_the_api_has_two_lines_and_stops_run_all(kernel: Kernel, peer: Peer) -> None:
    peer.answers(error(401, f"no such key: {KEY}"))
    failed, following = kernel.run_all(["%%mimo\nhello", "print('ran')"])
    assert failed.error == [
        "InvalidApiKey: HTTP 401 Unauthorized: no such key: (the key)",
        "Check the API key in MIMO_API_KEY. Each host and plan has its own keys.",
    ]
    assert (failed.documents, following.status) == ([], "aborted")


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


def test_a_line_in_a_function_sees_its_variables(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("x = 'outside'\ndef f(x):\n    r = %mimo hello {x}\n    return r\nprint(f('inside'), x)")
    assert ran.text == "You said: hello inside outside\n"


def test_a_line_may_end_in_a_question_mark(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%mimo -t 0 What's up?").documents == ["You said: What's up?"]
    assert kernel.run("x = %mimo Really?\nprint(x)").text == "You said: Really?\n"
    kernel.run('answers = {}\nanswers["tea"] = x = %mimo What is str?')
    assert (
        kernel.run("print(answers['tea'], x, sep=', ')").text
        == "You said: What is str?, You said: What is str?\n"
    )
    assert kernel.run("%time %mimo What is str?").documents[0] == "You said: What is str?"


def test_what_a_cell_shows_can_be_captured(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%capture shown\n%%mimo\nhello")
    assert (ran.status, ran.outputs) == ("ok", [])
    look = "print([output.data.get('text/plain') for output in shown.outputs])"
    assert kernel.run(look).text == "['You said: hello']\n"
    kernel.run("%%capture shown\nx = %mimo hello\nx\n'after'")
    assert kernel.run(look).text == "['You said: hello', \"'after'\"]\n"
    kernel.run("%%capture shown\n%%mimo_compare --repeat 2\nhello")
    assert kernel.run("print(len(shown.outputs))").text == "1\n"


def test_a_kernel_that_does_not_await_runs_cells_too(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%autoawait off")
    assert kernel.run("%%mimo\nhello").documents == ["You said: hello"]
    kernel.run("%autoawait on")


@pytest.mark.parametrize("cell", ["%%mimo", "%%mimo -t 0", "%%mimo_compare -t 0 1"])
def test_a_cell_without_a_prompt_gets_an_error_with_its_own_name(
    kernel: Kernel, peer: Peer, cell: str
) -> None:
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


def shown(ran: Ran) -> str:
    return json.dumps(ran.messages)


def test_a_saved_notebook_never_contains_the_key(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%xmode Verbose")
    runs = [kernel.run("%%mimo\nhello"), kernel.run("_"), kernel.run("%mimo_config")]
    peer.answers(error(500, KEY))
    runs += [
        kernel.run("%%mimo\nhello"),
        kernel.run("import sys; repr(sys.last_value), vars(sys.last_value)"),
    ]
    kernel.run("%xmode Context")
    assert KEY not in "".join(map(shown, runs))


@pytest.mark.parametrize("cell", ["%%mimo\nUmbrella?", "%mimo Umbrella?"])
def test_the_user_approves_a_tool_call_before_it_runs(rainy: Kernel, peer: Peer, cell: str) -> None:
    ran, question = rainy.answer(cell, "y")
    assert question["prompt"].startswith('weather {\n  "city": "Tokyo"\n}\nRun it? ')
    assert ran.documents[-1] == "Take an umbrella."
    html = ran.outputs[-1]["data"]["text/html"]
    assert "Rain in Tokyo." in html
    assert "looking out of the window" in html
    assert peer.requests[-1].body["messages"][-1]["content"] == "Rain in Tokyo."


def test_the_reason_of_a_refusal_is_sent_to_the_model(rainy: Kernel, peer: Peer) -> None:
    rainy.answer("%%mimo\nUmbrella?", "not today")
    assert peer.requests[-1].body["messages"][-1]["content"] == "The user refused this call: not today"


def test_an_unattended_run_refuses_calls_and_shows_how_to_allow_them(rainy: Kernel, peer: Peer) -> None:
    ran = rainy.run("%%mimo\nUmbrella?", watched=False)
    assert "%mimo_tools confirm weather=none" in ran.outputs[0]["data"]["text/html"]
    assert "looking out" not in ran.outputs[0]["data"]["text/html"]
    rainy.run("%mimo_tools confirm weather=none")
    calls = Reply(Message("assistant", CALLS), stop="tool_calls")
    peer.answers(lambda seen: stream(seen, calls), lambda seen: stream(seen, reply("Yes.")))
    assert "Rain in Tokyo." in str(rainy.run("%%mimo\nUmbrella?", watched=False).outputs)


def test_running_the_cell_again_replaces_the_tool(rainy: Kernel, peer: Peer) -> None:
    rainy.run(WEATHER.replace("Rain in", "Sun in"))
    ran, _ = rainy.answer("%%mimo\nUmbrella?", "y")
    assert "Sun in Tokyo." in str(ran.outputs)


def test_a_function_that_cannot_be_described_is_refused_when_it_is_registered(kernel: Kernel) -> None:
    ran = kernel.run("import mimo_magics\n@mimo_magics.tool\ndef f(*args): pass")
    assert ran.error[0].startswith("BadOption: ")
    assert len(ran.error) == 2


def test_a_tool_that_sends_a_prompt_gets_an_error(rainy: Kernel, peer: Peer) -> None:
    rainy.run(
        "@mimo_magics.tool(confirm='none')\ndef weather(city: str) -> str:\n"
        "    'Ask.'\n    return get_ipython().run_cell_magic('mimo', '', 'hi').text"
    )
    rainy.run("%%mimo\nUmbrella?")
    result = peer.requests[-1].body["messages"][-1]["content"]
    assert "SessionBusy" in result


def test_an_interrupt_while_a_tool_runs_is_immediate_and_every_call_has_a_result(
    rainy: Kernel, peer: Peer, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    rainy.run(
        "import threading\ngo_on, done = threading.Event(), []\n"
        "@mimo_magics.tool(confirm='none')\ndef weather(city: str) -> str:\n"
        f"    'Never.'\n    open({str(started)!r}, 'w').close()\n    go_on.wait()\n    done.append(city)"
    )
    ran = rainy.run("%%mimo\nUmbrella?", when=started.exists)
    assert rainy.run("print(done); go_on.set()").text == "[]\n"
    assert ran.error == [
        "Interrupted: The partial reply was saved to the session; %mimo continue resumes it."
    ]
    assert "It may still have effects" in ran.outputs[0]["data"]["text/html"]
    peer.script = obey
    assert rainy.run("%%mimo\nagain").documents == ["You said: again"]


@pytest.mark.parametrize("cell", ["%%mimo --dry-run -t 0.5\nHello", "%mimo --dry-run -t 0.5 Hello"])
def test_a_dry_run_shows_the_request_and_sends_nothing(kernel: Kernel, peer: Peer, cell: str) -> None:
    ran = kernel.run(cell)
    (output,) = ran.outputs
    assert '"content": "Hello"' in output["data"]["text/plain"]
    assert "<details><summary>JSON body</summary>" in output["data"]["text/html"]
    assert peer.requests == []
    body = {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
    }
    assert kernel.run("print(_.body)").text == f"{body}\n"


def test_code_is_printed_and_not_run(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo --as curl -o code\nHello")
    (output,) = ran.outputs
    assert output["data"]["text/plain"].startswith(f"curl --request POST {peer.url}/v1/chat/completions")
    assert '<pre class="highlight"' in output["data"]["text/html"]
    assert KEY not in str(output)
    assert kernel.run("print(code[:4])").text == "curl\n"
    assert peer.requests == []


def test_the_cost_of_a_cached_reply_is_counted_once(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    kernel.run("%mimo_config run_all=keep")
    run_prompts(kernel, "one two")
    assert kernel.run("%mimo_usage").documents[0].splitlines()[-1].split() == [
        "total",
        "40",
        "25",
        "%",
        "20",
        "60",
        "–",
    ]


def test_usage_is_shown_once_anywhere_in_a_cell_and_becomes_a_frame(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    assert [
        len(kernel.run(code).outputs) for code in ("%mimo_usage", "%mimo_usage\n1;", "report = %mimo_usage")
    ] == [
        1,
        1,
        1,
    ]
    assert kernel.run("print(*report.to_frame().prompt)").text == "one two\n"
    assert len(kernel.run("report").documents) == 1
    kernel.run("%mimo_usage")
    assert kernel.run("print(len(_.to_frame()))").text == "2\n"


def test_the_usage_of_each_session_is_shown(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two one!")
    run_prompts(kernel, "aside", "--no-history")
    run_prompts(kernel, "three", "--session other -m mimo-v2-flash")
    (table,) = kernel.run("%mimo_usage").documents
    assert [line.split()[:6] for line in table.splitlines()] == [
        ["turn", "prompt", "input", "cached", "output", "tokens"],
        ["1", "one!", "20", "25", "%", "10"],
        ["branch", "1", "one", "20", "25", "%"],
        ["branch", "2", "two", "20", "25", "%"],
        ["other", "calls", "20", "25", "%", "10"],
        ["total", "80", "25", "%", "40", "120"],
    ]
    assert [line.split()[-1] for line in table.splitlines()[1:]] == ["–"] * 5
    (table,) = kernel.run("%mimo_usage other").documents
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [["1", "three"], ["total", "20"]]
    assert kernel.run("%mimo_usage othr").error == [
        "BadOption: Session 'othr' does not exist.",
        "Did you mean other?",
    ]
