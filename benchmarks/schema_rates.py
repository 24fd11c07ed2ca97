"""How often an embedded model fills a schema: flat, nested, and a list of ten.

    python benchmarks/schema_rates.py                        the embedded model
    python benchmarks/schema_rates.py --weights FILE.gguf    other weights

The text of each prompt contains all values. A reply counts as valid if it has a value without errors, and as right if the value is
that of the text. The rates depend on the weights and on sampling, so no test asserts them.
"""

from __future__ import annotations

import argparse
from typing import Any

from pydantic import BaseModel

from mimo_magics.core.settings import Settings
from mimo_magics.session.session import Session


class City(BaseModel):
    name: str
    country: str
    visits: int


class Trip(BaseModel):
    traveler: str
    days: int
    city: City


CITIES = [
    City(name=name, country=country, visits=visits)
    for name, country, visits in (
        *(("Kyoto", "Japan", 3), ("Oslo", "Norway", 5), ("Lima", "Peru", 2), ("Paris", "France", 9)),
        *(("Cairo", "Egypt", 4), ("Quito", "Ecuador", 1), ("Delhi", "India", 6), ("Rome", "Italy", 8)),
        *(("Lisbon", "Portugal", 7), ("Seoul", "Korea", 2)),
    )
]
TASKS: dict[str, tuple[str, Any, Any]] = {
    "flat": ("Kyoto is a city in Japan. We visited it 3 times.", City, CITIES[0]),
    "nested": (
        "Mia traveled for 12 days to Oslo, a city in Norway, which she has visited 5 times.",
        Trip,
        Trip(traveler="Mia", days=12, city=CITIES[1]),
    ),
    "list of ten": (
        " ".join(f"{city.name} in {city.country}: {city.visits} visits." for city in CITIES),
        list[City],
        CITIES,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default=Settings().local_model, help="a GGUF file")
    parser.add_argument("--rounds", type=int, default=5, help="replies for each schema")
    parser.add_argument("--short", action="store_true", help="one reply for one schema")
    options = parser.parse_args()
    rounds, tasks = (1, 1) if options.short else (options.rounds, len(TASKS))
    session = Session(preset="local", local_model=options.weights, max_tokens=600, temperature=0.3)
    print(f"{'schema':14}{'valid':>7}{'right':>7}   of {rounds}")
    for name, (text, schema, truth) in list(TASKS.items())[:tasks]:
        replies = [session.ask(text, schema=schema, keep=False) for _ in range(rounds)]
        valid = sum(reply.value is not None and not reply.errors for reply in replies)
        print(f"{name:14}{valid:>7}{sum(reply.value == truth for reply in replies):>7}", flush=True)


if __name__ == "__main__":
    main()
