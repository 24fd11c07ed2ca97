"""How often an embedded model repairs a failed cell with `%mimo_fix`: the failing cells of the tests.

    python benchmarks/fix_rates.py                        the embedded model that calls tools
    python benchmarks/fix_rates.py --weights FILE.gguf    other weights
    python benchmarks/fix_rates.py --short                one cell, as in the tests

`code` counts replies with code that Python can parse, and `runs` those whose corrected cell, and then the failed one, run
without an error. What the code computes is not compared. The rates depend on the weights and on sampling, so no test asserts them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import kernel as kernel_support
from support.kernel import Kernel
from support.paths import TESTS

from mimo_magics.core.settings import Settings

kernel_support.WAIT_TIMEOUT = 600.0
"""A model on a busy machine needs longer than a test waits."""
CASES: list[dict[str, Any]] = tomllib.loads((TESTS / "data/fix/cases.toml").read_text(encoding="utf-8"))[
    "case"
]


def repair(kernel: Kernel, case: Mapping[str, Any]) -> tuple[bool, bool]:
    """Let the model repair a case. Return whether there is code, and whether the cells run then."""
    kernel.run("%reset -f\n%reload_ext mimo_magics")
    for cell in case["setup"]:
        kernel.run(cell)
    failed = kernel.run(case["cell"])
    assert failed.status == "error"
    ran = kernel.run("%mimo_fix -o fix")
    assert ran.status == "ok", ran.error
    code = next((each["text"] for each in ran.payload if each["source"] == "set_next_input"), "")
    if not code:
        return False, False
    is_other_cell = kernel.run("print(fix.cell)").text.strip() != str(failed.number)
    cells = (code, *([case["cell"]] if is_other_cell else []))
    return True, all(kernel.run(cell).status == "ok" for cell in cells)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--weights", default=Settings().local_model, help="a GGUF file, or the name of known weights"
    )
    parser.add_argument("--short", action="store_true", help="one cell")
    options = parser.parse_args()
    cases = CASES[:1] if options.short else CASES
    environment = {"MIMO_PRESET": "local", "MIMO_LOCAL_MODEL": options.weights, "MIMO_SYSTEM": "none"}
    os.environ.update(environment)
    with tempfile.TemporaryDirectory() as folder, Kernel(Path(folder), **environment) as kernel:
        kernel.run("%load_ext mimo_magics")
        print(f"{'case':40}{'code':>6}{'runs':>6}")
        results = []
        for case in cases:
            results.append(repair(kernel, case))
            print(f"{case['name'][:38]:40}{results[-1][0]:>6}{results[-1][1]:>6}", flush=True)
    code, runs = (sum(column) for column in zip(*results, strict=True))
    print(f"{'all':40}{code:>6}{runs:>6}   of {len(results)}")


if __name__ == "__main__":
    main()
