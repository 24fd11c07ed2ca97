"""Time and memory of the text of a data frame for a prompt, against the number of its rows, beside other texts of it.

The other texts are those that notebooks use today: `str(frame)`, `frame.to_markdown()` and `frame.describe()`. Each cell
of the table is a separate process. `peak` is the growth of the process while the first text is made, and
`objects` the peak of the Python objects of a later one. `--short` makes small
frames; its counts are equal on every machine.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser

ROWS = (10_000, 100_000, 1_000_000, 10_000_000)
SHORT_ROWS = (10_000, 40_000)
MAX_MARKDOWN_ROWS = 100_000
"""Rows for which `to_markdown` ends within a minute."""
SCRIPT = """
import resource, sys, time, tracemalloc
import numpy as np
from mimo_magics.context import frame as frames
from mimo_magics.context.value import summarize

library, way, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
generator = np.random.default_rng(0)
columns = {
    "id": np.arange(rows),
    "price": generator.random(rows),
    "count": generator.integers(0, 5, rows),
    "sold": generator.random(rows) < 0.5,
    "when": np.arange(rows).astype("datetime64[ms]"),
}
if library == "numpy":
    value = columns["price"].reshape(-1, 10)
elif library == "pandas":
    import pandas as pd
    value = pd.DataFrame(columns)
elif library == "polars":
    import polars as pl
    value = pl.DataFrame(columns)
else:
    import pyarrow as pa
    value = pa.table(columns)

read = 0
original = frames.Column.read

def counting_read(self, positions):
    global read
    read += len(positions)
    return original(self, positions)

frames.Column.read = counting_read
WAYS = {
    "ours": lambda: summarize(value, 20_000, "sample").text,
    "str": lambda: str(value),
    "describe": lambda: str(value.describe()),
    "to_markdown": lambda: value.to_markdown(),
}
summarize([1], 200, "sample")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
WAYS[way]()
growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
read, start = 0, time.perf_counter()
text = WAYS[way]()
seconds, count = time.perf_counter() - start, read
tracemalloc.start()
WAYS[way]()
print(1000 * seconds, tracemalloc.get_traced_memory()[1] / 1e6, growth / 1e3, len(text.encode()), count)
"""
WAYS = {
    "pandas": ("ours", "str", "describe", "to_markdown"),
    "polars": ("ours", "str", "describe"),
    "pyarrow": ("ours",),
    "numpy": ("ours", "str"),
}


def measure(library: str, way: str, rows: int) -> list[float]:
    """Return milliseconds, megabytes of Python objects, growth of the process in megabytes, bytes of text, and values read."""
    command = [sys.executable, "-c", SCRIPT, library, way, str(rows)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(each) for each in run.stdout.split()]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="small frames, for CI")
    is_short = parser.parse_args().short
    rows_list = SHORT_ROWS if is_short else ROWS
    print(
        f"{'text of a frame':20} {'rows':>12} {'ms':>9} {'objects MB':>11} {'peak MB':>8} {'bytes':>12} {'values read':>12}"
    )
    for library, ways in WAYS.items():
        for way in ways:
            for rows in rows_list:
                if way == "to_markdown" and (is_short or rows > MAX_MARKDOWN_ROWS):
                    continue
                ms, objects, growth, size, read = measure(library, way, rows)
                print(
                    f"{f'{library} {way}':20} {rows:12,} {ms:9.1f} {objects:11.1f} {growth:8.1f} {size:12,.0f} {read:12,.0f}"
                )


if __name__ == "__main__":
    main()
