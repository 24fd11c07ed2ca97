"""Reports about notebooks and front ends: effects of IPython, kernels, pages and other programs on cells.

`README.md` in this folder lists the reports without a test, with the reasons.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO, StringIO, TextIOWrapper
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter, MarkdownExporter, PythonExporter
from nbformat import v4 as nb
from rich.console import Console
from rich.traceback import Traceback
from support.embedded_model import MODEL
from support.kernel import Kernel
from support.paths import ROOT
from support.peer import KEY, SILENCE, Answer, Peer, error, frames, obey, reply, stream
from support.reports import call_chunk, called, report
from support.session_cells import cell_notices, enable_autosave, reload_extension, run_prompts, saved_prompts
from support.session_requests import expected_contents, expected_requests, sent_contents

from mimo_magics import Session
from mimo_magics.client.local import process as local_process
from mimo_magics.core.errors import BadSessionFile, InvalidApiKey, LocalModelError
from mimo_magics.core.settings import Settings
from mimo_magics.display import selection
from mimo_magics.display.selection import choose_renderer
from mimo_magics.notebook.kernel.async_cell import AsyncCellTransform

GITHUB = "https://github.com"


def prompts(peer: Peer) -> list[str]:
    return [seen.prompt for seen in peer.requests]


# Cells in IPython


@report(
    f"{GITHUB}/ipython/ipython/issues/8791",
    f"{GITHUB}/ipython/ipython/issues/12843",
    f"{GITHUB}/ipython/ipython/pull/15110",
    f"{GITHUB}/ipython/ipython/pull/15386",
)
@pytest.mark.parametrize(
    "body",
    [
        "Why is the second line not an error?\n>>> [1, 2][5:]\n[]",
        "<<<<<<< ours\n=======\n>>>>>>> main",
        ">>> A wrote:\n    >>> f()\n... 1",
        "In [2]: x\n   ...: y",
        "    indented\n  less",
    ],
    ids=["prompt", "merge conflict", "mail", "IPython", "indentation"],
)
@pytest.mark.parametrize("magic", ["%%mimo --raw", "%%mimo_compare --raw --repeat 1"])
def test_a_prompt_is_sent_unchanged(kernel: Kernel, peer: Peer, magic: str, body: str) -> None:
    assert kernel.run(f"{magic}\n{body}").status == "ok"
    assert prompts(peer) == [body]


QUESTION = f"{GITHUB}/ipython/ipython/issues/14258"


@report(QUESTION)
@pytest.mark.parametrize(
    "left",
    [
        *(
            "",
            "x = ",
            "x.y = ",
            "l[-1] = ",
            'd["k"] = ',
            "d[f(x)] = ",
            'd[f"{x}"] = ',
            "(x) = ",
            "x: object = ",
        ),
        *("x = y = ", "for n in [1]: x = ", "%time ", "x = \\\n  "),
    ],
)
def test_a_line_that_ends_in_a_question_mark_is_a_prompt(kernel: Kernel, peer: Peer, left: str) -> None:
    kernel.run("from types import SimpleNamespace\nd, l, f, x = {}, [0], str, SimpleNamespace()")
    ran = kernel.run(f"{left}%mimo What is str?")
    assert (ran.status, prompts(peer), ran.payload) == ("ok", ["What is str?"], [])


LOST = (
    "A line of this cell ends in a question mark and opened IPython's help, as the extension was not loaded yet. "
    "Run this cell again.\n"
)


@report(QUESTION)
@pytest.mark.parametrize("is_file", [False, True], ids=["cell", ".ipy file"])
def test_a_prompt_in_the_cell_that_loads_the_extension_has_a_warning(
    kernel: Kernel, peer: Peer, tmp_path: Path, is_file: bool
) -> None:
    kernel.run("%unload_ext mimo_magics")
    cell = "%load_ext mimo_magics\nx = %mimo What is a list?\n"
    file = tmp_path / "session.ipy"
    file.write_text(cell)
    ran = kernel.run(f"%run {file}" if is_file else cell)
    assert LOST in ran.text
    assert kernel.run("x = %mimo What is a list?\nx").documents == ["You said: What is a list?"]


@report(
    f"{GITHUB}/tomcatling/black-nb/issues/53",
    f"{GITHUB}/tomcatling/black-nb/pull/57",
    f"{GITHUB}/jupytext/jupytext/issues/297",
    f"{GITHUB}/jupytext/jupytext/pull/372",
)
def test_a_script_export_keeps_a_cell_and_the_docs_explain_line_magics() -> None:
    cells = [
        nb.new_code_cell("%%mimo -t 0\nWhat is str?\n  Two words."),
        nb.new_code_cell("x = %mimo Is it?"),
    ]
    script, _ = PythonExporter().from_notebook_node(nb.new_notebook(cells=cells))
    assert "get_ipython().run_cell_magic('mimo', '-t 0', 'What is str?\\n  Two words.\\n')" in script
    page = " ".join((ROOT / "docs" / "front-ends.md").read_text(encoding="utf-8").split())
    assert "black and nbQA rewrite a line that ends in `?` as a request for help" in page


@report(
    f"{GITHUB}/ipython/ipython/issues/15312",
    f"{GITHUB}/quarto-dev/quarto-cli/issues/578",
    f"{GITHUB}/quarto-dev/quarto-cli/issues/2123",
    f"{GITHUB}/AnswerDotAI/nbdev/pull/905",
    f"{GITHUB}/deepnote/deepnote/pull/521",
)
@pytest.mark.parametrize(
    "cell",
    [
        "# my question\n%%mimo\nName a tree.",
        "#@title A tree\n%%mimo\nName a tree.",
        "#| echo: false\n\n%%mimo\nName a tree.",
        "%%mimo\n#| echo: false\nName a tree.",
    ],
)
def test_comments_above_a_magic_and_options_below_it_are_not_sent(
    kernel: Kernel, peer: Peer, cell: str
) -> None:
    assert kernel.run(cell).documents == ["You said: Name a tree."]


@report(f"{GITHUB}/ipython/ipython/issues/14157", f"{GITHUB}/ipython/ipython/issues/11314")
def test_the_ipython_history_has_code_that_runs_anywhere(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo --no-history\nhi")
    number = kernel.run("len(In) - 2").documents[0]
    call = f"In[{number}]"
    for line in (
        *(
            f"%save -f session.py {number}",
            "%run session.py",
            f"%save -f session.ipy {number}",
            "%run session.ipy",
        ),
        *(f"exec({call})", f"done = get_ipython().run_cell({call})", f"%macro -q m {number}", "m"),
        f"%rerun {number}",
    ):
        assert (line, kernel.run(line).error) == (line, [])
    assert prompts(peer) == ["hi"] * 7
    assert "_mimo'" not in kernel.run(f"%history -t {number}").text


@report(f"{GITHUB}/ipython/ipykernel/pull/1427", f"{GITHUB}/jupyterlab/jupyterlab/pull/17363")
@pytest.mark.parametrize(
    "parts",
    [
        {"kernel": SimpleNamespace(get_parent=dict)},
        {"kernel": SimpleNamespace(get_parent=lambda: None), "loop_runner_map": None, "loop_runner": None},
    ],
    ids=["xeus-python", "async-kernel"],
)
def test_a_cell_runs_synchronously_in_another_kernel(parts: dict[str, Any]) -> None:
    runner = object()
    usual = {"loop_runner_map": {"asyncio": (runner, True)}, "loop_runner": runner, "autoawait": True}
    shell = SimpleNamespace(**usual | parts, should_run_async=lambda *_, **__: False, ast_transformers=[])
    transform = AsyncCellTransform(shell)
    transform.install()
    cell = "get_ipython().run_cell_magic('mimo', '', 'Hello\\n')\n"
    assert shell.should_run_async("%%mimo\nHello", transformed_cell=cell) is False
    transform.uninstall()
    assert shell.ast_transformers == []


OLD_IPYTHON = """
import IPython
IPython.version_info, IPython.__version__ = (7, 34, 0, ""), "7.34.0"
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_cell("%load_ext mimo_magics")
"""


@report(
    f"{GITHUB}/googlecolab/colabtools/issues/5580",
    f"{GITHUB}/googlecolab/colabtools/issues/6074",
    f"{GITHUB}/salesforce/OmniXAI/issues/101",
)
def test_the_old_ipython_of_colab_is_an_error_of_two_lines() -> None:
    run = subprocess.run([sys.executable, "-c", OLD_IPYTHON], capture_output=True, text=True, check=True)
    fact, advice = (run.stdout + run.stderr).replace("\x1b[31m", "").replace("\x1b[0m", "").splitlines()
    assert fact == "MimoError: mimo-magics needs IPython 8.20 or newer; this is IPython 7.34.0."
    assert advice.startswith("Colab pins an older IPython and is not supported.")


@report(
    f"{GITHUB}/Aider-AI/aider/issues/5285",
    f"{GITHUB}/Aider-AI/aider/issues/4582",
    f"{GITHUB}/microsoft/winml-cli/issues/545",
)
def test_a_reply_that_standard_output_cannot_encode_is_shown(peer: Peer, tmp_path: Path) -> None:
    peer.script = lambda seen: stream(seen, reply("Ni hao: 你好 🙂 … and so on."))
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "cp1252",
        "PYTHONPATH": str(ROOT),
        "MIMO_BASE_URL": f"{peer.url}/v1",
        "IPYTHONDIR": str(tmp_path),
    }
    code = "x = %mimo Greet me in Chinese.\nx\nprint(len(x.text))"
    run = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "--ext", "mimo_magics", "-c", code],
        capture_output=True,
        env=environment,
        cwd=tmp_path,
        check=True,
    )
    output = run.stdout.decode("cp1252")
    assert "Ni hao: ?? ? … and so on." in output
    assert output.rstrip().endswith(str(len("Ni hao: 你好 🙂 … and so on.")))
    assert b"Traceback" not in run.stdout + run.stderr


DELETED_FOLDER = (
    "import os, tempfile\nbefore, gone = os.getcwd(), tempfile.mkdtemp()\nos.chdir(gone)\nos.rmdir(gone)"
)


@report(
    f"{GITHUB}/ipython/ipython/issues/10378",
    f"{GITHUB}/indexable-inc/index/issues/2120",
    f"{GITHUB}/pyzo/pyzo/pull/1214",
)
def test_a_prompt_works_without_a_working_folder(kernel: Kernel, peer: Peer) -> None:
    kernel.run(f"%unload_ext mimo_magics\n{DELETED_FOLDER}")
    codes = [
        "%load_ext mimo_magics",
        "%%mimo\nhi",
        "%mimo hi",
        "%mimo_session",
        "%mimo_config temperature=0.5",
    ]
    errors = [kernel.run(code).error for code in codes]
    saved = kernel.run("%mimo_session save").error
    kernel.run("os.chdir(before)")
    assert errors == [[]] * 5
    assert (len(saved), prompts(peer)) == (2, ["hi", "hi"])


# Front ends


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Return the path of the notebook."""
    return tmp_path / "session.ipynb"


@report(f"{GITHUB}/ipython/ipykernel/issues/1102", f"{GITHUB}/jupyter-server/jupyter_server/pull/1341")
def test_the_session_file_of_a_renamed_notebook_moves_with_it(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "one")
    enable_autosave(kernel, notebook.with_name("new.ipynb"))
    (ran,) = run_prompts(kernel, "two")
    assert cell_notices(ran) == ["The session file session.mimo.json was moved to new.mimo.json."]
    assert {each.name: saved_prompts(each) for each in notebook.parent.iterdir()} == {
        "new.mimo.json": ["one", "two"]
    }
    reload_extension(kernel).run(f"%mimo_config notebook='{notebook}'")
    assert kernel.run("%mimo_session resume").error[1] == (
        "If you renamed the notebook, set its path: %mimo_config notebook=PATH"
    )


@report(
    f"{GITHUB}/jupyterlab/jupyterlab/issues/18905",
    f"{GITHUB}/jupyterlab/jupyterlab/issues/18170",
    f"{GITHUB}/jupyterlab/jupyterlab/pull/5037",
)
def test_a_restored_cell_finds_its_turn(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two three")
    sent_contents(peer)
    kernel.run("%%mimo\nfour", cell="four", deleted=("two",))
    (pasted,) = run_prompts(kernel, "two!")
    assert sent_contents(peer) == [expected_contents("one three four"), expected_contents("one two!")]
    assert cell_notices(pasted)[0].startswith("Replaced turn 2. The previous version, with 2 later turns,")


@report(
    f"{GITHUB}/jupyter-ai-contrib/jupyter-server-documents/issues/94",
    f"{GITHUB}/jupyter-ai-contrib/jupyter-server-documents/issues/307",
    f"{GITHUB}/datalayer/jupyter-server-nbmodel",
    f"{GITHUB}/microsoft/vscode-jupyter/issues/692",
)
@pytest.mark.parametrize("watched", [True, False], ids=["stdin", "no stdin"])
def test_a_front_end_without_cell_ids_gets_documents(
    kernel: Kernel, peer: Peer, monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    monkeypatch.setattr(kernel, "_sends_cell_ids", False)
    kernel.run("import os\nos.environ['JPY_SESSION_NAME'] = '/n/session.ipynb'")
    ran = kernel.run("%%mimo\nhi", watched=watched)
    kernel.run("del os.environ['JPY_SESSION_NAME']")
    assert (ran.documents, ran.text) == (["You said: hi"], "")
    assert ran.outputs[0]["metadata"]["mimo"]["prompt"]["parts"] == [{"type": "text", "text": "hi"}]


@report(
    f"{GITHUB}/spyder-ide/spyder-kernels/issues/494",
    f"{GITHUB}/spyder-ide/qtconsole/issues/648",
    f"{GITHUB}/spyder-ide/qtconsole/issues/539",
)
@pytest.mark.parametrize(
    ("kernel_of_shell", "kind"), [(object(), "TerminalRenderer"), (None, "RichTerminalRenderer")]
)
def test_a_console_gets_plain_text_without_cursor_commands(
    monkeypatch: pytest.MonkeyPatch, kernel_of_shell: object, kind: str
) -> None:
    terminal = TextIOWrapper(BytesIO(), encoding="utf-8")
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(selection, "get_ipython", lambda: SimpleNamespace(kernel=kernel_of_shell))
    assert type(choose_renderer("terminal", Settings())).__name__ == kind


@report(
    f"{GITHUB}/zauberzeug/nicegui/issues/3435",
    f"{GITHUB}/jupyter/jupyter/issues/125",
    f"{GITHUB}/jupyter/notebook/issues/2355",
)
@pytest.mark.parametrize("name", ["json", "logging"])
def test_a_local_json_py_is_not_run_by_the_embedded_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """The server reports an unknown model, so it has started."""
    (tmp_path / f"{name}.py").write_text("raise SystemExit('a local file was run')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LocalModelError) as failure:
        local_process._launch_server(tmp_path / f"{MODEL}.gguf")
    assert "a local file was run" not in str(failure.value)


@report(
    f"{GITHUB}/ipython/ipython/issues/12471",
    f"{GITHUB}/microsoft/vscode-jupyter/issues/6348",
    f"{GITHUB}/AnswerDotAI/nbdev/issues/365",
)
def test_windows_line_endings_are_accepted(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: stream(seen, reply("one\r\ntwo"))
    ran = kernel.run("%%mimo\r\nName\r\ntwo.\r\n")
    assert (prompts(peer), ran.documents) == (["Name\ntwo."], ["one\ntwo"])


@report(f"{GITHUB}/ipython/ipykernel/issues/1564")
def test_a_widget_message_does_not_show_a_reply_twice(kernel: Kernel, peer: Peer) -> None:
    event = "get_ipython().events.trigger('post_execute')"
    assert kernel.run(f"x = %mimo hi\n{event}\nx").documents == ["You said: hi"]


# Notebook files


@report(
    f"{GITHUB}/jupytext/jupytext/issues/513",
    f"{GITHUB}/jupytext/jupytext/issues/643",
    f"{GITHUB}/jupytext/jupytext/pull/608",
)
def test_the_docs_explain_how_jupytext_stores_a_cell() -> None:
    how_to = " ".join((ROOT / "docs" / "how-to.md").read_text(encoding="utf-8").split())
    assert 'Its option `custom_cell_magics="mimo,mimo_compare"` makes comments of such cells.' in how_to


@report(f"{GITHUB}/jupytext/jupytext/issues/735", f"{GITHUB}/jupytext/jupytext/issues/1263")
def test_cells_with_new_ids_add_turns(kernel: Kernel, peer: Peer) -> None:
    for cell in ("a", "b"):
        kernel.run("%%mimo\none", cell=cell)
    assert sent_contents(peer) == [expected_contents("one"), expected_contents("one one")]
    page = (ROOT / "docs" / "sessions.md").read_text(encoding="utf-8")
    assert "its cells have new ids, so re-runs add turns" in page


@report(f"{GITHUB}/microsoft/vscode/issues/143396", f"{GITHUB}/jupyter/notebook/issues/6001")
def test_the_second_of_two_cells_with_one_id_replaces_the_turn_with_a_notice(
    kernel: Kernel, peer: Peer
) -> None:
    kernel.run("%%mimo\none", cell="a")
    ran = kernel.run("%%mimo\ntwo", cell="a")
    assert sent_contents(peer) == [expected_contents("one"), expected_contents("two")]
    assert cell_notices(ran) == ["Replaced turn 1. The previous version is branch 1."]


def saved_notebook(kernel: Kernel, path: Path) -> dict[str, Any]:
    """Return a notebook with a reply, as Jupyter saves it."""
    (output,) = kernel.run("%%mimo\nhi").outputs
    answer = nb.new_output("display_data", data=output["data"], metadata=output["metadata"])
    cell = nb.new_code_cell("%%mimo\nhi", outputs=[answer])
    nbformat.write(nb.new_notebook(cells=[cell]), path)
    saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return saved


@report(f"{GITHUB}/jupyter/nbformat/issues/209", f"{GITHUB}/jupyter/nbformat/issues/359")
def test_an_invalid_notebook_is_read_or_an_error_of_two_lines(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    saved = saved_notebook(kernel, notebook)
    (cell,) = saved["cells"]
    without_id = {name: value for name, value in cell.items() if name != "id"}
    lines = [{**cell["outputs"][0], "data": {"text/plain": ["You said: ", "hi"]}}]
    readable = [
        saved,
        saved | {"cells": [without_id]},
        saved | {"cells": [cell | {"id": None}]},
        saved | {"cells": [cell | {"id": "x" * 1_000}, cell | {"id": "", "outputs": []}]},
        saved | {"cells": [cell | {"outputs": lines}]},
        saved | {"nbformat_minor": 4, "cells": [without_id]},
    ]
    for each in readable:
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            notebook.write_text(json.dumps(each), encoding=encoding)
            assert [turn.reply.text for turn in Session.from_notebook(notebook).turns] == ["You said: hi"]
    conflict = f"<<<<<<< a\n{json.dumps(saved)}\n=======\n>>>>>>> b"
    for broken in (b"", conflict.encode(), b'{"worksheets": [], "nbformat": 3}'):
        notebook.write_bytes(broken)
        with pytest.raises(BadSessionFile) as failure:
            Session.from_notebook(notebook)
        assert len(failure.value.lines) == 2


@report(
    f"{GITHUB}/jupyter/nbconvert/issues/651",
    f"{GITHUB}/kynan/nbstripout",
    f"{GITHUB}/jupyter/nbdime",
)
def test_an_export_shows_the_reply_and_a_diff_has_only_the_reply(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    peer.script = lambda seen: stream(seen, reply("Some **bold** words."))
    saved_notebook(kernel, notebook)
    node = nbformat.read(notebook, 4)
    page, markdown = (
        HTMLExporter().from_notebook_node(node)[0],
        MarkdownExporter().from_notebook_node(node)[0],
    )
    assert "Some <strong>bold</strong> words." in page
    assert "bold" in markdown
    (cell,) = node.cells
    assert (cell.metadata, cell.source) == ({}, "%%mimo\nhi")
    assert set(cell.outputs[0]["data"]) == {"text/html", "text/plain"}


# Interrupts, and other tools


@report(f"{GITHUB}/ipython/ipykernel/issues/1239", f"{GITHUB}/ipython/ipykernel/issues/881")
def test_an_interrupt_stops_an_async_cell(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: Answer([*frames(seen, ["half ", "an answer"], end=False), SILENCE])
    cells = ["%%mimo\nhi", "print(1)"]
    stopped, next_cell = kernel.run_all(cells, when=lambda: kernel.shows("half an answer"))
    assert (
        stopped.error[0]
        == "Interrupted: The partial reply was saved to the session; %mimo continue resumes it."
    )
    assert (stopped.documents, next_cell.status) == (["half an answer"], "aborted")
    assert peer.settled()[0].disconnected
    peer.script = obey
    assert kernel.run("%%mimo\nagain").documents == ["You said: again"]


@report(f"{GITHUB}/jupyter/nbclient/pull/224", f"{GITHUB}/computationalmodelling/nbval/issues/41")
def test_a_cell_interrupted_by_a_timeout_keeps_the_partial_reply_and_its_record(
    kernel: Kernel, peer: Peer
) -> None:
    """Run without a user. The second request shows that the first response has arrived."""
    kernel.run(
        "import mimo_magics\n@mimo_magics.tool(confirm='none')\n"
        "def now() -> str:\n    'Tell the time.'\n    return '12:00'"
    )
    peer.answers(called(call_chunk("c", "now", "{}")), Answer([SILENCE]))
    ran = kernel.run("%%mimo\nhi", watched=False, when=lambda: len(peer.requests) == 2)
    kernel.run("from mimo_magics.tools.registry import REGISTERED_TOOLS; REGISTERED_TOOLS.clear()")
    assert (
        ran.error[0] == "Interrupted: The partial reply was saved to the session; %mimo continue resumes it."
    )
    answer = ran.outputs[0]["metadata"]["mimo"]["reply"]
    assert answer["stop"] == "interrupted"
    assert [part["output"] for part in answer["message"]["parts"] if "output" in part] == ["12:00"]


NESTED = """
import asyncio, sys
try:
    import nest_asyncio2 as nest_asyncio
except ImportError:
    import nest_asyncio
from IPython.core.interactiveshell import InteractiveShell
from mimo_magics import ask
nest_asyncio.apply()
shell = InteractiveShell.instance()
shell.run_cell("%load_ext mimo_magics")

async def cell():
    print(ask("one", base_url=sys.argv[1], system="none"))
    shell.run_cell("x = get_ipython().run_cell_magic('mimo', '-q', 'two')\\nprint(x)")
    asyncio.get_event_loop().run_until_complete(asyncio.sleep(0))

asyncio.run(cell())
"""


@report(f"{GITHUB}/ipython/ipykernel/pull/1499", f"{GITHUB}/ipython/ipykernel/issues/1381")
def test_nested_event_loops_are_supported(peer: Peer, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MIMO_BASE_URL": f"{peer.url}/v1",
        "IPYTHONDIR": str(tmp_path),
    }
    command = [sys.executable, "-W", "ignore", "-c", NESTED, f"{peer.url}/v1"]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert run.stdout.splitlines() == ["You said: one", "You said: two"]


@report(f"{GITHUB}/UKGovernmentBEIS/inspect_ai/issues/43", f"{GITHUB}/fredrikaverpil/dotfiles/pull/60")
def test_a_rich_traceback_with_locals_does_not_contain_the_key(peer: Peer) -> None:
    peer.script = lambda _: error(401, f"no such key: {KEY}")
    with pytest.raises(InvalidApiKey) as failure:
        Session(base_url=f"{peer.url}/v1").ask("hi")
    console = Console(file=StringIO(), width=400)
    console.print(
        Traceback.from_exception(
            failure.type, failure.value, failure.tb, show_locals=True, locals_max_string=None
        )
    )
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "locals" in shown
    assert KEY not in shown


@report(f"{GITHUB}/huggingface/accelerate/issues/765")
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("%xmode Verbose", "%xmode Context"),
        (
            "def shown(shell, kind, value, trace, tb_offset=None):\n"
            "    shell.showtraceback((kind, value, trace), tb_offset=tb_offset)\n"
            "get_ipython().set_custom_exc((Exception,), shown)",
            "get_ipython().set_custom_exc((), None)",
        ),
        (
            "import rich.pretty\nformatters = get_ipython().display_formatter.formatters\n"
            "plain = formatters['text/plain']\nrich.pretty.install()",
            "formatters['text/plain'] = plain",
        ),
    ],
    ids=["%xmode", "set_custom_exc", "rich.pretty"],
)
def test_an_error_has_two_lines_with_other_exception_handlers(
    kernel: Kernel, peer: Peer, begin: str, end: str
) -> None:
    kernel.run(begin)
    peer.script = lambda _: error(401, f"no such key: {KEY}")
    runs = [kernel.run("%%mimo\nhi"), kernel.run("%tb")]
    peer.script = obey
    result = kernel.run("x = %mimo hi\nprint(x.text)")
    kernel.run(end)
    assert runs[0].error == [
        "InvalidApiKey: HTTP 401 Unauthorized: no such key: (the key)",
        "Check the API key in MIMO_API_KEY. Each host and plan has its own keys.",
    ]
    assert KEY not in json.dumps([ran.messages for ran in runs])
    assert result.text == "You said: hi\n"


THREAD = """import threading
def in_thread(): get_ipython().run_line_magic('mimo', 'two')
thread = threading.Thread(target=in_thread)
thread.start()
thread.join()
"""
CALLBACK = """import asyncio
done = asyncio.Event()
def call_back():
    display(get_ipython().run_line_magic('mimo', '-q two'))
    done.set()
handle = asyncio.get_running_loop().call_soon(call_back)
await done.wait()
"""


@report(
    f"{GITHUB}/jupyter-widgets/ipywidgets/issues/2380",
    f"{GITHUB}/jupyter-widgets/ipywidgets/issues/4020",
    f"{GITHUB}/jupyter-widgets/ipywidgets/issues/1790",
    f"{GITHUB}/jupyterlab/jupyterlab/issues/3151",
)
@pytest.mark.parametrize("cell", [THREAD, CALLBACK], ids=["thread", "callback"])
def test_threads_and_callbacks_may_send_prompts(kernel: Kernel, peer: Peer, cell: str) -> None:
    run_prompts(kernel, "one")
    assert "You said: two" in str(kernel.run(cell).messages)
    assert sent_contents(peer) == expected_requests("one two")


@report(f"{GITHUB}/ipython/ipykernel/pull/1186", f"{GITHUB}/ipython/ipykernel/pull/1414")
def test_each_reply_is_an_output_of_its_own_cell(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: Answer(frames(seen, [f"{seen.prompt} "] * 20, 0.005))
    runs = kernel.run_all(["%%mimo\none", "%mimo two", "print(3)", "%%mimo\nfour"])
    assert [(ran.documents, ran.text) for ran in runs] == [
        (["one " * 20], ""),
        (["two " * 20], ""),
        ([], "3\n"),
        (["four " * 20], ""),
    ]


@report(f"{GITHUB}/jupyter/notebook/issues/2287", f"{GITHUB}/jupyterlab/jupyterlab/issues/8769")
def test_a_reply_of_many_deltas_is_shown_in_few_messages(kernel: Kernel, peer: Peer) -> None:
    pieces = 4_000
    peer.script = lambda seen: Answer(frames(seen, repeat("word ", pieces)))
    ran = kernel.run("%%mimo\nhi")
    assert ran.documents == ["word " * pieces]
    assert len(ran.messages) < pieces / 10


@report(f"{GITHUB}/googlecolab/colabtools/issues/6074")
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("%load_ext autoreload\n%autoreload 2", "%autoreload 0"),
        ("%reset -f", ""),
        (
            "%config InteractiveShell.ast_node_interactivity = 'all'",
            "%config InteractiveShell.ast_node_interactivity = 'last_expr'",
        ),
        ("%autoawait off", "%autoawait on"),
        ("x = %mimo -q hi\n%store x", "%store -d x"),
        ("x = %mimo -q hi\nimport pickle\ny = pickle.loads(pickle.dumps(x))\nassert y == x\n%whos", ""),
    ],
    ids=["autoreload", "reset", "ast_node_interactivity", "autoawait", "store", "pickle and whos"],
)
def test_ipython_features_and_prompts_work_together(kernel: Kernel, peer: Peer, begin: str, end: str) -> None:
    began = kernel.run(begin)
    ran = [kernel.run("%%mimo\nhi"), kernel.run("%mimo hi"), kernel.run("x = %mimo hi\nx")]
    ended = kernel.run(end)
    assert (began.error, ended.error) == ([], [])
    assert [each.documents for each in ran] == [["You said: hi"]] * 3


@report(f"{GITHUB}/deepnote/deepnote/pull/521", f"{GITHUB}/twosigma/beakerx/issues/7288")
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (
            "def above(lines): return ['#| put here by another program\\n', *lines]\n"
            "get_ipython().input_transformers_cleanup.insert(0, above)",
            "get_ipython().input_transformers_cleanup.remove(above)",
        ),
        (
            "import ast\nclass Same(ast.NodeTransformer): pass\nsame = Same()\n"
            "get_ipython().ast_transformers.append(same)",
            "get_ipython().ast_transformers.remove(same)",
        ),
        (
            "def formatter(*_): get_ipython().set_next_input('x', replace=True)\n"
            "get_ipython().events.register('pre_run_cell', formatter)",
            "get_ipython().events.unregister('pre_run_cell', formatter)",
        ),
    ],
    ids=["a line above", "AST transform", "formatter"],
)
def test_other_extensions_do_not_change_a_prompt(kernel: Kernel, peer: Peer, begin: str, end: str) -> None:
    kernel.run(begin)
    ran = kernel.run("%%mimo\n>>> hi")
    kernel.run(end)
    assert (ran.documents, prompts(peer)) == (["You said: >>> hi"], [">>> hi"])


@report(f"{GITHUB}/twosigma/beakerx/issues/7288")
def test_the_output_of_a_cell_can_be_captured(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(
        "from IPython.utils.capture import capture_output\n"
        "with capture_output() as shown:\n"
        "    x = get_ipython().run_cell_magic('mimo', '', 'hi')\n"
        "print([each.data['text/plain'] for each in shown.outputs])"
    )
    assert (ran.text, ran.outputs) == ("['You said: hi']\n", [])


@report(f"{GITHUB}/jupyter-incubator/sparkmagic/issues/744")
@pytest.mark.parametrize("above", ["\n", "\n  \n\n", "  ", "\t\n"])
def test_blank_lines_above_a_magic_are_accepted(kernel: Kernel, peer: Peer, above: str) -> None:
    assert kernel.run(f"{above}%%mimo\nhi").documents == ["You said: hi"]


@report(f"{GITHUB}/jupyter-incubator/sparkmagic/issues/151", f"{GITHUB}/googledatalab/datalab/issues/996")
def test_code_above_a_magic_is_a_syntax_error_and_nothing_is_sent(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("x = 1\n%%mimo\nhi")
    assert "Line magic function `%%mimo` not found." in ran.text + "".join(ran.error)
    assert peer.requests == []


@report(f"{GITHUB}/spyder-ide/spyder/issues/14938")
def test_compiled_code_can_send_prompts_in_an_async_cell(kernel: Kernel, peer: Peer) -> None:
    code = "x = get_ipython().run_cell_magic('mimo', '', 'hi')"
    ran = kernel.run(
        f"import asyncio\nawait asyncio.sleep(0)\nexec(compile({code!r}, 'cell.py', 'exec'))\nprint(x)"
    )
    assert (ran.documents, ran.text) == (["You said: hi"], "You said: hi\n")


@report(f"{GITHUB}/jupyter-server/jupyter_server/pull/1534")
def test_a_notebook_on_another_machine_is_an_error_before_sending(kernel: Kernel, peer: Peer) -> None:
    enable_autosave(kernel, Path("/not/on/this/machine/session.ipynb"))
    fact, advice = kernel.run("%%mimo\nhi").error
    assert fact.startswith("SessionNotSaved: ")
    assert advice.startswith("Nothing was sent. Set another path with %mimo_config notebook=PATH.ipynb")
    assert peer.requests == []
