"""CPU time of the commands that show a table, in a session of 200 turns. Each command runs in a fresh process.

The first call is measured after its modules are imported. Read `first` and `second`: how long the user waits for the
table. The counts are the same on every machine. `--short` prints them for each command once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from typing import Any

FOLDER = Path(__file__).parent
COMMANDS = (
    "%mimo_config",
    "%mimo_config temperature=0.5",
    "%mimo_usage",
    "%mimo_models",
    "%mimo_session list",
    "%mimo_session show",
    "%mimo_session branches",
    "%mimo_tools",
    "%mimo_tape",
    "%mimo_panel",
    "panel",
    "%mimo --dry-run hello",
    "%mimo help",
    "%mimo_config?",
)
"""`panel` opens the widgets of `%mimo_panel`, which needs a front end otherwise."""
MEASURE = """
import contextlib, importlib, io, json, sys, time
from html.parser import HTMLParser
sys.path.insert(0, {folder!r})
import comm
from comm.base_comm import BaseComm
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from history import make_history

messages, calls = [], 0

class RecordedComm(BaseComm):
    def publish_msg(self, *arguments, **_):
        messages.append(arguments)

def open_panel(shell):
    from mimo_magics.notebook.config.store import MimoConfig
    from mimo_magics.notebook.panel.panel import Panel
    Panel(MimoConfig(), shell).open()

def run(shell, command):
    global calls
    messages.clear()
    shell.display_pub.outputs.clear()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        start = time.process_time()
        if command == "panel":
            open_panel(shell)
        else:
            shell.run_cell(command).raise_error()
    return time.process_time() - start, printed.getvalue()

class VisibleLines(HTMLParser):
    # Counts rows, paragraphs and lines of code that no closed element hides.
    def __init__(self, html):
        super().__init__()
        self.count, self.folds = 0, []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "details":
            self.folds.append(("open", "") not in attributes and ("open", None) not in attributes)
        outer = self.folds[:-1] if tag == "summary" else self.folds
        self.count += tag in ("tr", "p", "pre", "summary", "li", "h1", "h2", "h3") and not any(outer)

    def handle_endtag(self, tag):
        if tag == "details":
            self.folds.pop()

    def handle_data(self, data):
        self.count += 0 if any(self.folds) else data.count("\\n")

def count_calls(frame, event, _):
    global calls
    calls += event == "call" and "mimo_magics" in frame.f_code.co_filename

comm.create_comm = RecordedComm
shell = InteractiveShell.instance()
shell.display_pub = CapturingDisplayPublisher(parent=shell)
shell.run_line_magic("load_ext", "mimo_magics")
import mimo_magics
from mimo_magics.client import model_list
mimo_magics.sessions().current.history = make_history(200)
model_list._model_ids_by_url["https://api.mimo-v2.com/v1"] = tuple(map("vendor/model-{{}}".format, range(300)))
for name in {modules}:
    importlib.import_module(name)
known = set(sys.modules)
first, _ = run(shell, {command!r})
new = sorted(name for name in set(sys.modules) - known if "__main__" not in name)
second, printed = run(shell, {command!r})
bundles = [each["data"] for each in shell.display_pub.outputs]
message_count = len(messages)
sys.setprofile(count_calls)
run(shell, {command!r})
sys.setprofile(None)
html = "".join(each.get("text/html", "") for each in bundles)
print(json.dumps([new, first, second, calls, len(html), VisibleLines(html).count, message_count]))
"""


def measure(command: str, modules: list[str]) -> list[Any]:
    """Run a command in a fresh process that has imported these modules, and return what it printed."""
    code = MEASURE.format(folder=str(FOLDER), command=command, modules=modules)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MIMO_API_KEY": "none", "IPYTHONDIR": folder}
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=folder,
            env=environment,
        )
    result: list[Any] = json.loads(run.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Print the table."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="one round, without the modules imported first")
    options = parser.parse_args()
    print(
        f"{'':30} {'first':>8} {'second':>8} {'modules':>8} {'calls':>8} {'HTML':>8} {'lines':>6} {'messages':>9}"
    )
    for command in COMMANDS:
        new, *result = measure(command, [])
        rounds = [] if options.short else [measure(command, new)[1:] for _ in range(options.rounds)]
        first, second = (median(each[number] for each in rounds or [result]) * 1_000 for number in (0, 1))
        _, _, calls, size, lines, messages = result
        print(
            f"{command:30} {first:8.1f} {second:8.1f} {len(new):8,} {calls:8,} {size:8,} {lines:6,} {messages:9,}"
        )


if __name__ == "__main__":
    main()
