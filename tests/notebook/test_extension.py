"""Loading and unloading the extension."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.kernel import Kernel
from support.peer import Peer
from support.session_cells import run_prompts
from support.session_requests import expected_contents, expected_requests, sent_contents


def test_two_shells_in_one_process_have_separate_sessions(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "other = InteractiveShell()\n"
        "done = other.run_line_magic('load_ext', 'mimo_magics')\n"
        "done = other.run_cell_magic('mimo', '-q -s none', 'two')"
    )
    assert [message["content"] for message in peer.requests[-1].body["messages"]] == ["two"]


def test_unloading_removes_everything_from_the_shell(kernel: Kernel) -> None:
    kernel.run(
        "def traces():\n    ip = get_ipython()\n    lists = [ip.ast_transformers, ip.input_transformers_cleanup,"
        " ip.input_transformer_manager.token_transformers, [ip.should_run_async],"
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


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            "%%mimo?",
            ["Name three things to see in {city}.", "--temperature X", "--no-stream", "-o, --out NAME"],
        ),
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


def test_loading_twice_changes_nothing(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("import mimo_magics\nmimo_magics.load_ipython_extension(get_ipython())").status == "ok"
    assert kernel.run("%%mimo\nhello").documents == ["You said: hello"]
    assert (
        kernel.run("print(len([t for t in get_ipython().ast_transformers if 'mimo' in str(t)]))").text
        == "1\n"
    )


KEPT_NOTICE = "The settings and sessions of this kernel were kept. %unload_ext mimo_magics discards them.\n"


def test_reloading_keeps_settings_sessions_and_the_last_reply(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config temperature=0.25 run_all=keep")
    kernel.run("%config MimoConfig.max_tokens = 7")
    run_prompts(kernel, "one", "--session other")
    run_prompts(kernel, "one two")
    for _ in range(2):
        assert kernel.run("%reload_ext mimo_magics").text == KEPT_NOTICE
    kernel.run("%mimo_config run_all=run")
    run_prompts(kernel, "three")
    sent = peer.requests[-1].body
    assert [message["content"] for message in sent["messages"]][::2] == ["one", "two", "three"]
    assert (sent["temperature"], sent["max_tokens"]) == (0.25, 7)
    assert kernel.run("print(*__import__('mimo_magics').sessions().list())").text == "main other\n"
    kernel.run("%reload_ext mimo_magics")
    assert kernel.run("%mimo copy").documents == ["You said: three"]
    assert kernel.run("x = %mimo four\nx").documents == ["You said: four"]
    assert kernel.run("%%mimo\nfive").documents == ["You said: five"]


def test_reloading_reads_the_environment_again(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config temperature=0.25")
    kernel.run("import os; os.environ['MIMO_TEMPERATURE'] = '0.5'; os.environ['MIMO_TOP_P'] = '0.75'")
    kernel.run("%reload_ext mimo_magics")
    kernel.run("del os.environ['MIMO_TEMPERATURE'], os.environ['MIMO_TOP_P']")
    kernel.run("%%mimo --new\nhello")
    kernel.run("%mimo_config --reset temperature\n%mimo --new hello")
    values = [(seen.body["temperature"], seen.body["top_p"]) for seen in peer.requests]
    assert values == [(0.25, 0.75), (0.5, 0.75)]


def test_unloading_discards_settings_and_sessions(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config temperature=0.25")
    run_prompts(kernel, "one")
    kernel.run("%unload_ext mimo_magics")
    assert kernel.run("%load_ext mimo_magics").text == ""
    run_prompts(kernel, "two")
    assert "temperature" not in peer.requests[-1].body
    assert len(peer.requests[-1].body["messages"]) == 1


def test_reloading_without_settings_or_sessions_prints_nothing(kernel: Kernel) -> None:
    assert kernel.run("%reload_ext mimo_magics").text == ""


def test_invalid_project_settings_get_a_warning_on_load(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%writefile pyproject.toml\n[tool.mimo]\nbase_url = 'http://evil'\nmax_tokens = 7\n")
    ran = kernel.run("%reload_ext mimo_magics")
    kernel.run("%%mimo\nhello")
    kernel.run("import os; os.remove('pyproject.toml')")
    assert ran.text.endswith("pyproject.toml: [tool.mimo] cannot set 'base_url'.\n")
    assert peer.requests[0].body["max_tokens"] == 7


def test_a_session_is_a_value_for_programs(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    kernel.run("from mimo_magics import sessions")
    kernel.run("current = sessions().current; current.undo(); reply = current.ask('three')")
    look = "print(current, [turn.prompt.text for turn in current.turns], reply, *sessions().list())"
    assert kernel.run(look).text == (
        "<Session main of 2 turns, 40 tokens in, 20 out> ['one', 'three'] You said: three main\n"
    )
    kernel.run("%mimo_session new other")
    assert kernel.run("print(*sessions().list(), sessions().current is current)").text == "main other False\n"
    assert sent_contents(peer) == [*expected_requests("one two"), expected_contents("one three")]


def test_sessions_and_calls_of_programs_use_the_settings_of_the_notebook(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config max_tokens=7")
    kernel.run("from mimo_magics import Session, ask")
    kernel.run("ask('one'); Session().ask('two'); Session(max_tokens=8).ask('three')")
    assert [seen.body["max_tokens"] for seen in peer.requests] == [7, 7, 8]
    kernel.run("%unload_ext mimo_magics")
    kernel.run("ask('four', base_url=sent_to)".replace("sent_to", repr(f"{peer.url}/v1")))
    assert "max_tokens" not in peer.requests[-1].body
    kernel.run("%load_ext mimo_magics")


def test_two_shells_in_one_process_have_separate_settings(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config max_tokens=7")
    kernel.run(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "other = InteractiveShell()\n"
        "done = other.run_line_magic('load_ext', 'mimo_magics')\n"
        "done = other.run_line_magic('mimo_config', 'max_tokens=8')"
    )
    kernel.run("%%mimo\none")
    assert peer.requests[-1].body["max_tokens"] == 7
    kernel.run("from mimo_magics import Session, ask\nask('two'); Session().ask('three')")
    assert [seen.body["max_tokens"] for seen in peer.requests[-2:]] == [7, 7]
    kernel.run("%unload_ext mimo_magics")
    kernel.run(f"ask('four', base_url={peer.url + '/v1'!r})")
    assert "max_tokens" not in peer.requests[-1].body
    kernel.run("other.run_line_magic('unload_ext', 'mimo_magics')\n%load_ext mimo_magics")


ASKED_ELSEWHERE = """
import sys
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "mimo_magics")
before = set(sys.modules)
with provisionalcompleter():
    for code in ("le", "%%bash\\nmi", "mimo_magics = 1\\nmim", "%mimo_config api=openai\\nmi"):
        list(shell.Completer.completions(code, len(code)))
print(sorted(name for name in set(sys.modules) - before if name.startswith("mimo_magics")))
"""


def test_completions_of_other_cells_import_nothing() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", ASKED_ELSEWHERE], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "[]"


def test_threads_that_use_the_magics_first_share_them(kernel: Kernel) -> None:
    ran = kernel.run(
        "import sys, threading\n"
        "from mimo_magics import sessions\n"
        "interval, found = sys.getswitchinterval(), []\n"
        "sys.setswitchinterval(1e-6)\n"
        "threads = [threading.Thread(target=lambda: found.append(sessions())) for _ in range(16)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "sys.setswitchinterval(interval)\n"
        "print(len(found), len({id(each) for each in found}))"
    )
    assert ran.text == "16 1\n"
