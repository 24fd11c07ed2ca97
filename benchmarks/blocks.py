"""CPU time of rendering 40 kB of code, in every language that a code fence can name.

The model chooses language and code. The output has the ten slowest combinations, in milliseconds of CPU time. `--short`
uses a few languages, and prints how many are highlighted, which is the same on every machine.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import product

from pygments.lexers import get_all_lexers

from mimo_magics.document.highlighting import is_highlighted
from mimo_magics.document.markdown import to_html

CHARS, BLOCK_CHARS = 40_000, (2_600, 7_900)
"""Size of a reply, and of its code blocks. Larger blocks are not highlighted, in some or all languages."""
LINE_CHARS = (8, 399)
"""Line lengths. A block with a line of 400 characters is not highlighted."""
UNITS = {
    "tabs": "\t",
    "blanks": " ",
    "blanks and letters": "   a",
    "single quotes": "'",
    "double quotes": '"',
    "backslashes and quotes": '\\"',
    "open brackets": "(",
    "brackets": "([{<",
    "closing brackets": ")]}>",
    "letters": "a",
    "words": "if x = f.g: ",
    "digits": "9",
    "slashes and stars": "/*",
    "hashes": "#",
    "dashes": "--",
    "dollars": "${",
    "colons": "::",
    "backticks": "`",
    "CJK": "漢",
}
SHORT = ("python", "mathematica")


def aliases() -> list[str]:
    """Return all names of all lexers."""
    return sorted(
        {alias for _, names, _, _ in get_all_lexers(plugins=False) for alias in names if " " not in alias}
    )


def bodies() -> Iterator[tuple[str, str]]:
    """Yield the contents of the blocks: each unit as one line, and as lines that are short enough for highlighting."""
    for name, unit in UNITS.items():
        yield f"{name}, one line", (unit * CHARS)[:CHARS]
        for length, chars in product(LINE_CHARS, BLOCK_CHARS):
            line = (unit * length)[:length]
            yield f"{name}, {chars:,} in lines of {length}", f"{line}\n" * (chars // (length + 1))


def source(language: str, body: str) -> str:
    """Return a reply of about 40 kB with as many blocks as needed."""
    block = f"~~~~~{language}\n{body.rstrip(chr(10))}\n~~~~~\n\n"
    return block * max(1, CHARS // len(block))


def seconds(text: str) -> float:
    """Return the CPU time of one call."""
    begin = time.process_time()
    to_html(text)
    return time.process_time() - begin


def main() -> None:
    """Print the table."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="use a few languages")
    names = SHORT if parser.parse_args().short else aliases()
    colored = [alias for alias in aliases() if is_highlighted("x = 1\n", alias)]
    print(
        f"names of languages {len(aliases()):,}, colored {len(colored):,}, shown plain {len(aliases()) - len(colored):,}"
    )
    # The first call includes the imports.
    to_html(source("python", "x = 1"))
    texts = list(bodies())
    for name in names:
        is_highlighted("x", name) and to_html(source(name, "x = 1"))
    measured = [
        (seconds(source(name, body)), name, what)
        for name in names
        for what, body in texts
        # Blocks without highlighting take equal time, so one of them is enough.
        if is_highlighted(body, name) or "one line" in what
    ]
    print(f"calls {len(measured):,}; the longest:")
    for seconds_taken, name, what in sorted(measured, reverse=True)[:10]:
        print(f"{seconds_taken * 1_000:9,.1f} ms  {name:16} {what}")


if __name__ == "__main__":
    main()
