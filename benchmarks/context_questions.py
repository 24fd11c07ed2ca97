"""How often an embedded model finds the column with missing values in the text of a data frame.

    python benchmarks/context_questions.py                        the embedded model
    python benchmarks/context_questions.py --weights FILE.gguf    other weights
    python benchmarks/context_questions.py --share schema         what the model finds without any value

Three frames have one column with missing values each. The model gets the text of a prompt with `{df}`. A reply counts if it
names this column and no other one. The rates depend on the weights and on sampling, so no test asserts them.
"""

from __future__ import annotations

import argparse
import random
import re
from typing import get_args

import pandas as pd

from mimo_magics.context.value import render_value
from mimo_magics.core.settings import Settings, Share
from mimo_magics.session.session import Session

QUESTION = "Which column has missing values? Reply with its name only."
ROWS = 200


def build_frames() -> dict[str, tuple[pd.DataFrame, str]]:
    """Return frames of 200 rows, each with the name of its column with missing values."""
    choose = random.Random(5)
    people = pd.DataFrame(
        {
            "name": [f"person {number}" for number in range(ROWS)],
            "age": [choose.randrange(18, 90) for _ in range(ROWS)],
            "income": [
                None if choose.random() < 0.2 else choose.randrange(20_000, 90_000) for _ in range(ROWS)
            ],
        }
    )
    weather = pd.DataFrame(
        {
            "day": pd.date_range("2026-01-01", periods=ROWS),
            "rain": [None if choose.random() < 0.3 else choose.random() * 20 for _ in range(ROWS)],
            "wind": [choose.random() * 40 for _ in range(ROWS)],
        }
    )
    orders = pd.DataFrame(
        {
            "order": range(ROWS),
            "country": [choose.choice(["Japan", "France", "Chile"]) for _ in range(ROWS)],
            "coupon": [choose.choice(["A10", "B20", None]) for _ in range(ROWS)],
            "total": [choose.randrange(5, 500) for _ in range(ROWS)],
        }
    )
    return {"people": (people, "income"), "weather": (weather, "rain"), "orders": (orders, "coupon")}


def named_columns(reply: str, columns: list[str]) -> list[str]:
    """Return the columns that a reply names."""
    return [column for column in columns if re.search(rf"\b{column}\b", reply, re.IGNORECASE)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default=Settings().local_model, help="a GGUF file")
    parser.add_argument(
        "--share", default="sample", choices=get_args(Share), help="what of the frames is sent"
    )
    parser.add_argument("--rounds", type=int, default=10, help="replies for each frame")
    parser.add_argument("--short", action="store_true", help="one reply for one frame")
    options = parser.parse_args()
    rounds, frames = (1, 1) if options.short else (options.rounds, 3)
    session = Session(preset="local", local_model=options.weights, max_tokens=30, temperature=0.7)
    print(f"{'frame':10}{'bytes':>8}{'found':>8}   of {rounds}")
    for name, (frame, missing) in list(build_frames().items())[:frames]:
        text = render_value("df", frame, Settings().value_budget, options.share).text
        replies = [session.ask(f"{text}\n\n{QUESTION}", keep=False).text for _ in range(rounds)]
        found = sum(named_columns(reply, list(frame.columns)) == [missing] for reply in replies)
        print(f"{name:10}{len(text.encode()):>8,}{found:>8}")


if __name__ == "__main__":
    main()
