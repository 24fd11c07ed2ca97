"""Branch coverage by package, from the JSON report of coverage.py: `make coverage`."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def packages(report: dict[str, Any]) -> Iterator[tuple[str, int, float]]:
    """Yield each package of `mimo_magics` with its statements and the covered share of its lines and branches, in percent."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for name, file in report["files"].items():
        parts = Path(name).parts[1:-1]
        summary = file["summary"]
        for total, value in enumerate(
            (
                summary["num_statements"],
                summary["covered_lines"] + summary["covered_branches"],
                summary["num_statements"] + summary["num_branches"],
            )
        ):
            totals["/".join(parts) or "."][total] += value
    for package, (statements, covered, possible) in sorted(totals.items()):
        yield package, statements, 100 * covered / possible if possible else 100.0


if __name__ == "__main__":
    print(f"{'package':24} statements  branch coverage")
    for package, statements, percent in packages(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        print(f"{package:24} {statements:10,} {percent:15.1f} %")
