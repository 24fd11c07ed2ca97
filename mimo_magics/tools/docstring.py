"""What a docstring says of a function, and what of each parameter: Google, NumPy and reST style."""

from __future__ import annotations

import inspect
import re
from textwrap import dedent

BELOW = r"(?:\n(?:[ \t]+\S.*|[ \t]*(?=(?:\n[ \t]*)*\n[ \t]+\S)))*"
"""Indented lines, with blank ones among them."""

GOOGLE = (
    rf"^(?:Args|Arguments|Params|(?:Other |Keyword )?(?:Parameters|Arguments|Args)):[ \t]*(?P<body>{BELOW})"
)
GOOGLE_ENTRY = rf"^\*{{0,2}}(?P<names>\w+)(?:[ \t]*\(.*?\))?[ \t]*:[ \t]*(?P<text>.*{BELOW})"

NAMES = r"\*{0,2}\w+(?:[ \t]*,[ \t]*\*{0,2}\w+)*"
NUMPY = rf"^(?:Other )?Parameters[ \t]*\n-{{3,}}[ \t]*(?P<body>(?:\n(?:(?!.*\n-{{3,}}){NAMES}(?:[ \t]*:.*)?$|[ \t].*|$))*)"
NUMPY_ENTRY = rf"^(?P<names>{NAMES})(?:[ \t]*:.*)?(?P<text>{BELOW})"

REST = rf"^(?P<body>(?::(?:param|parameter|arg|argument|key|keyword|type)[ \t][^:\n]+:.*{BELOW}\n*)+)"
REST_ENTRY = rf"^:(?!type)\w+[^:\n]*?(?P<names>\w+)[ \t]*:[ \t]*(?P<text>.*{BELOW})"

STYLES = tuple(
    (re.compile(section + r"\n*", re.MULTILINE), re.compile(entry, re.MULTILINE))
    for section, entry in ((GOOGLE, GOOGLE_ENTRY), (NUMPY, NUMPY_ENTRY), (REST, REST_ENTRY))
)
"""Of each style: what is cut out of the docstring, and the parameters in its body."""


def read(docstring: str) -> tuple[str, dict[str, str]]:
    """Return a docstring without what it says of parameters, and that by their names.

    All else stays as it was written: what comes back, what is raised, examples, a word at the end. A section
    that describes nothing stays, too.
    """
    text = inspect.cleandoc(docstring)
    texts: dict[str, str] = {}
    for section, entry in STYLES:
        for found in reversed(list(section.finditer(text))):
            if described := _entries(found["body"], entry):
                texts |= described
                text = text[: found.start()] + text[found.end() :]
    return text.strip(), texts


def _entries(body: str, entry: re.Pattern[str]) -> dict[str, str]:
    return {
        name: inspect.cleandoc(found["text"]).strip()
        for found in entry.finditer(dedent(body))
        for name in re.findall(r"\w+", found["names"])
    }
