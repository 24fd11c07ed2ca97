"""What it costs to stream a reply into a real JupyterLab: ours beside `print` and `update_display`.

A server in a process of its own sends the same Markdown to all, token by token (`paced_server.py`). Each way of
showing it runs in a cell of its own notebook, in a page and a kernel of its own, in headless Chromium, one after
the other: ours is a `%%mimo` cell; the others read the same stream through plain httpx and json
(`frontend_ways.py`), and

    print        print every token
    each token   update_display(Markdown(all so far)) for every token
    10 Hz        the same, at most ten times a second, and once at the end

Beforehand each page has shown math and code, so that MathJax and the colours of code are loaded, and then a short
reply in the same way, so that imports and the manager of widgets are not counted; those outputs are cleared. From the start of the cell until it is over,
and nothing in its output has changed for a second, the columns count

    MB, messages   frames that came over the kernel's websocket, before any compression; for ours up to and
                   including the document that takes the place of what grew
    main s         time of the page's main thread in tasks (TaskDuration of the DevTools protocol)
    longest ms     the longest of these tasks that the page's PerformanceObserver told; it tells none below 50
    paint s        from the server's sending of the last token to the frame in which the page shows the last word of
                   the reply, wherever the page is scrolled to
    rest s         from the same moment to the last change of the output's content (formulas that are set late, the
                   final document)
    kernel %       CPU time of the kernel's process between the first and the last token, of one core; it comes in
                   steps of 10 ms, which are 0.5 % of a stream of 2 s
    kernel s       CPU time from the start of the cell until all is over
    saved kB       the outputs as the notebook would keep them

A run is cut off 60 s after the stream should have ended («not done»: its figures are a part of what it would cost);
«lost» is text that cannot come any more, as the kernel is idle and the page too. Read ratios, not figures: differences
below a factor of two are none on a busy machine. A missed goal is told, not raised.
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
    "longest": ("longest ms", ",.0f"),
    "paint": ("paint s", ".3f"),
    "rest": ("rest s", ".2f"),
    "percent": ("kernel %", ".1f"),
    "kernel": ("kernel s", ".2f"),
    "saved": ("saved kB", ",.1f"),
}
"""Fields of a run, with the head and the style of their columns."""
ALWAYS = {"longest": 150.0, "paint": 0.25, "percent": 12.0}
GOALS: dict[Load, dict[str, float]] = {
    SHORT: {"megabytes": 0.1, "main": 1.5, **ALWAYS},
    LONG: {"megabytes": 0.9, "main": 10.0, **ALWAYS},
}
"""The most that ours may cost."""
GROWTH = 11
"""What ten times the length may cost in bytes, as a factor."""


def middle(runs: list[Run]) -> Run:
    """The median of each figure; `None` where a run has none."""
    states = ", ".join(dict.fromkeys(run.state for run in runs))
    return Run(states, *(_median([getattr(run, field.name) for run in runs]) for field in fields(Run)[1:]))


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if len(known) == len(values) else None


def show(runs: Mapping[str, list[Run]]) -> None:
    """One line for each run."""
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
    met = value is not None and value <= goal
    print(f"  {what:<24}{_shown(value, '.3g'):>8}  goal {goal:<7g}{'met' if met else 'MISSED':>8}")


def show_ratios(ours: Run, others: Mapping[str, Run]) -> None:
    """Ours through each other one; what was cut off would have cost more, so its ratio is an upper bound."""
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
    """One contender after the other, and a table for each load."""
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
        line("MB of ten times as much", long / short if long and short else None, GROWTH)


def machine(chromium: str) -> None:
    """Say where this was."""
    packages = (f"{name} {version(name)}" for name in ("jupyterlab", "ipykernel", "ipywidgets"))
    print(f"{cpu_count()} cores, load {getloadavg()[0]:.1f};", ", ".join([*packages, f"chromium {chromium}"]))


def options() -> Namespace:
    parser = ArgumentParser(description="What streaming a reply costs in a real JupyterLab.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", action="append", choices=LOADS, help="tokens@rate; may be repeated")
    parser.add_argument("--short", action="store_true", help="2000@1000, ours and print")
    return parser.parse_args()


def main() -> None:
    """Measure what was asked for."""
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
