"""Cost of streaming a reply into a real JupyterLab, relative to `print` and `update_display`.

A server in a separate process sends the same Markdown to all, token by token (`paced_server.py`). Each contender runs in
a cell of its own notebook, with its own page and kernel, in headless Chromium, one after the other. «ours» is a `%%mimo`
cell; the others read the same stream with plain httpx and json (`frontend_ways.py`):

    print        print every token
    each token   update_display(Markdown(text so far)) for every token
    10 Hz        the same, at most ten times a second, and once at the end

First, each page shows math and code, so that MathJax and the highlighting are loaded, and a short reply, so that imports
and the widget manager are not measured. These outputs are cleared. The columns count from the start of the cell until it
has ended and its output has not changed for a second:

    MB, messages   frames of the kernel's websocket before compression; for ours, including the final document
    main s         time in tasks of the page's main thread (TaskDuration of the DevTools protocol)
    longest ms     the longest task that the PerformanceObserver of the page reports; it reports none below 50
    paint s        from the time when the server sends the last token to the frame in which the page shows the last
                   word of the reply, at any scroll position
    rest s         from the same time to the last change of the output (late formulas, the final document)
    kernel %       CPU time of the kernel process between the first and the last token, in percent of one core, in
                   steps of 10 ms, which are 0.5 % of a stream of 2 s
    kernel s       CPU time from the start of the cell to its end
    saved kB       the outputs in the saved notebook

A run stops 60 s after the expected end of the stream («not done»: its figures are lower bounds). «lost» means that the
last word never appeared although kernel and page are idle. Read the ratios, not the figures: on a busy machine a
difference below a factor of two means nothing. A missed goal is printed, not raised.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from importlib.metadata import version
from os import cpu_count, getloadavg
from statistics import median

from frontend_run import CONTENDERS, Load, Run, lab, missing

LOADS = {str(load): load for load in (Load(2_000, 50), Load(2_000, 1_000), Load(20_000, 1_000))}
SHORT, LONG = LOADS["2000@1000"], LOADS["20000@1000"]
COLUMNS = {
    "megabytes": ("MB", ".3f"),
    "messages": ("messages", ",.0f"),
    "main": ("main s", ".2f"),
    "longest_task_ms": ("longest ms", ",.0f"),
    "paint": ("paint s", ".3f"),
    "rest": ("rest s", ".2f"),
    "percent": ("kernel %", ".1f"),
    "kernel": ("kernel s", ".2f"),
    "saved": ("saved kB", ",.1f"),
}
"""Fields of a run, with heading and number format of their columns."""
ALWAYS = {"longest_task_ms": 150.0, "paint": 0.25, "percent": 12.0}
GOALS: dict[Load, dict[str, float]] = {
    SHORT: {"megabytes": 0.1, "main": 1.5, **ALWAYS},
    LONG: {"megabytes": 0.9, "main": 10.0, **ALWAYS},
}
"""Goals: the highest allowed cost of ours."""
GROWTH = 11
"""Goal: the highest allowed growth of the bytes for ten times the length."""


def middle(runs: list[Run]) -> Run:
    """Return the median of each figure; `None` if a run has none."""
    states = ", ".join(dict.fromkeys(run.state for run in runs))
    return Run(states, *(_median([getattr(run, field.name) for run in runs]) for field in fields(Run)[1:]))


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if len(known) == len(values) else None


def show(runs: Mapping[str, list[Run]]) -> None:
    """Print one line per run."""
    row("", "", (head for head, _ in COLUMNS.values()))
    for name, them in runs.items():
        for each in them:
            row(name, each.state, (_shown(getattr(each, it), style) for it, (_, style) in COLUMNS.items()))


def row(name: str, state: str, cells: Iterable[str]) -> None:
    print(f"  {name:<18}{state:<10}" + "".join(f"{cell:>11}" for cell in cells), flush=True)


def _shown(value: float | None, style: str) -> str:
    return "-" if value is None else format(value, style)


def show_goals(ours: Run, goals: Mapping[str, float]) -> None:
    for field, goal in goals.items():
        line(COLUMNS[field][0], getattr(ours, field) if ours.state == "done" else None, goal)


def line(what: str, value: float | None, goal: float) -> None:
    is_met = value is not None and value <= goal
    print(f"  {what:<24}{_shown(value, '.3g'):>8}  goal {goal:<7g}{'met' if is_met else 'MISSED':>8}")


def show_ratios(ours: Run, others: Mapping[str, Run]) -> None:
    """Print the ratios of ours to the others. The ratio to a run that is not done is an upper bound."""
    if ours.state != "done":
        print(f"  no ratios: ours {ours.state}")
        return
    for name, other in others.items():
        state = "" if other.state == "done" else "at most"
        row(f"ours / {name}", state, [_ratio(ours, other, field) for field in COLUMNS])


def _ratio(ours: Run, other: Run, field: str) -> str:
    above, below = getattr(ours, field), getattr(other, field)
    return f"{above / below:.3g}" if above and below else "-"


def turns(loads: list[Load], names: list[str], rounds: int, run: Callable[[str, Load], Run]) -> None:
    """Run the contenders in turn, and print a table for each load."""
    sizes: dict[Load, float | None] = {}
    for load in loads:
        print(f"\n{load.tokens:,} tokens at {load.rate:,} a second, rounds: {rounds}", flush=True)
        runs: dict[str, list[Run]] = {name: [] for name in names}
        for name in names * rounds:
            runs[name].append(run(name, load))
        show(runs)
        others = {name: middle(them) for name, them in runs.items()}
        ours = others.pop("ours")
        show_ratios(ours, others)
        show_goals(ours, GOALS.get(load, {}))
        sizes[load] = ours.megabytes if ours.state == "done" else None
    if LONG in sizes and SHORT in sizes:
        short, long = sizes[SHORT], sizes[LONG]
        line("MB, ten times the length", long / short if long and short else None, GROWTH)


def machine(chromium: str) -> None:
    """Print the machine and the versions."""
    packages = (f"{name} {version(name)}" for name in ("jupyterlab", "ipykernel", "ipywidgets"))
    print(f"{cpu_count()} cores, load {getloadavg()[0]:.1f};", ", ".join([*packages, f"chromium {chromium}"]))


def options() -> Namespace:
    parser = ArgumentParser(description="Cost of streaming a reply into a real JupyterLab.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", action="append", choices=LOADS, help="tokens@rate; repeatable")
    parser.add_argument("--short", action="store_true", help="2000@1000, only ours and print")
    return parser.parse_args()


def main() -> None:
    """Run the selected loads."""
    chosen = options()
    if reason := missing():
        print(reason)
        return
    loads = [SHORT] if chosen.short else [LOADS[name] for name in chosen.only or LOADS]
    names = ["ours", "print"] if chosen.short else list(CONTENDERS)
    with lab() as at:
        machine(at.browser.version)
        turns(loads, names, chosen.rounds, at.run)


if __name__ == "__main__":
    main()
