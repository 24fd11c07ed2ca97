"""What a docstring says of a function, and what of each parameter: Google, NumPy and reST style."""

from __future__ import annotations

import inspect
import re
from textwrap import dedent

INDENTED_LINES = r"(?:\n(?:[ \t]+\S.*|[ \t]*(?=(?:\n[ \t]*)*\n[ \t]+\S)))*"
"""Indented lines, with blank ones among them."""

GOOGLE_SECTION = rf"^(?:Args|Arguments|Params|(?:Other |Keyword )?(?:Parameters|Arguments|Args)):[ \t]*(?P<body>{INDENTED_LINES})"
GOOGLE_ENTRY = rf"^\*{{0,2}}(?P<names>\w+)(?:[ \t]*\(.*?\))?[ \t]*:[ \t]*(?P<text>.*{INDENTED_LINES})"

PARAMETER_NAMES = r"\*{0,2}\w+(?:[ \t]*,[ \t]*\*{0,2}\w+)*"
NUMPY_SECTION = rf"^(?:Other )?Parameters[ \t]*\n-{{3,}}[ \t]*(?P<body>(?:\n(?:(?!.*\n-{{3,}}){PARAMETER_NAMES}(?:[ \t]*:.*)?$|[ \t].*|$))*)"
NUMPY_ENTRY = rf"^(?P<names>{PARAMETER_NAMES})(?:[ \t]*:.*)?(?P<text>{INDENTED_LINES})"

REST_SECTION = (
    rf"^(?P<body>(?::(?:param|parameter|arg|argument|key|keyword|type)[ \t][^:\n]+:.*{INDENTED_LINES}\n*)+)"
)
REST_ENTRY = rf"^:(?!type)\w+[^:\n]*?(?P<names>\w+)[ \t]*:[ \t]*(?P<text>.*{INDENTED_LINES})"

STYLES = tuple(
    (re.compile(section + r"\n*", re.MULTILINE), re.compile(entry, re.MULTILINE))
    for section, entry in (
        (GOOGLE_SECTION, GOOGLE_ENTRY),
        (NUMPY_SECTION, NUMPY_ENTRY),
        (REST_SECTION, REST_ENTRY),
    )
)
"""Of each style: what is cut out of the docstring, and the parameters in its body."""


def parse_docstring(docstring: str) -> tuple[str, dict[str, str]]:
    """Return a docstring without what it says of parameters, and that by their names.

    All else stays as it was written: what comes back, what is raised, examples, a word at the end. A section
    that describes nothing stays, too.
    """
    text = inspect.cleandoc(docstring)
    descriptions: dict[str, str] = {}
    for section, entry in STYLES:
        for match in reversed(list(section.finditer(text))):
            if entries := _parse_entries(match["body"], entry):
                descriptions |= entries
                text = text[: match.start()] + text[match.end() :]
    return text.strip(), descriptions


def _parse_entries(body: str, entry: re.Pattern[str]) -> dict[str, str]:
    return {
        name: inspect.cleandoc(match["text"]).strip()
        for match in entry.finditer(dedent(body))
        for name in re.findall(r"\w+", match["names"])
    }
