"""`{name}` in a prompt is the value of a variable; every other brace is the prompt's. Knows no IPython."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NAME = r"(?!__)[^\W\d]\w*"
STEP = rf"""\.({NAME})|\[(?:(-?[0-9]+)|"([^"\\{{}}\n]*)"|'([^'\\{{}}\n]*)')\]"""
"""An attribute or an item; no key holds a brace, so that no search for the end of a reference crosses one."""

REFERENCE = rf"(?P<double>\{{)?\{{(?P<name>{NAME})(?P<steps>(?>(?:{STEP})*))\}}(?(double)\}})"
"""`{name.attribute[0]["key"]}`, or the same in double braces, which stand for single ones."""


def _group(depth: int) -> str:
    """Match a brace group in which others nest this deep; the depth bounds the work on braces left open."""
    return rf"\{{(?>(?:[^{{}}\\]|\\.{f'|{_group(depth - 1)}' if depth else ''})*)\}}"


def _quoted(quote: str) -> str:
    """Match a literal of one line up to its end; as in Python 3.12, `["key"]` and `{", "` do not end it."""
    key = rf"(?<=\[){quote}\w+{quote}(?=\])"
    separator = rf"(?<=[^{{]\{{){quote}(?>(?:[^\w{quote}\\\n]|\\.)*){quote}"
    return rf"{quote}(?>(?:[^{quote}\\\n]|\\.|{key}|{separator})*)"


GROUP = _group(6)
OPTION = r"\[[^\[\]\n]*\]"
COMMAND = rf"""\\(?:[A-Za-z@]++\*?|[0-9]|[^\w\s{{}}\\"'])(?:{OPTION}){{0,2}}"""
SPECIFIER = r"[\w<>=^+\-#.,]*"
PARAGRAPH_GOES_ON = r"\n(?![ \t]*\n)"
CJK = r"\u3000-\u9fff\uff00-\uffef"
PRICE = rf"\d[\d.,]*[kKmMbB]?(?:\s+\{{?[^\W\d_]{{2}}|[{CJK}])"

KEPT = {
    "f-string": rf"""(?<![\w"'\\])(?:[fFtT][rR]?|[rR][fFtT])(?:
        \"""(?>(?:[^"\\]|\\.|"(?!""))*)(?:\"""|\Z)
        |'''(?>(?:[^'\\]|\\.|'(?!''))*)'''
        |{_quoted('"')}"?
        |(?!'\s+=){_quoted("'")}'(?![\w(])
        |\\"(?>(?:[^"\\\n]|\\[^"])*)\\")""",
    "display math": rf"(?<!\\)\$\$(?>(?:[^$\\\n]|\\.|\$(?!\$)|{PARAGRAPH_GOES_ON})*)\$\$",
    "inline math": rf"""(?<!\\)\$(?![\s$"'),;/\]}}{CJK}]|{PRICE})(?>(?:[^$\\\n]|\\.|{PARAGRAPH_GOES_ON})*)
        (?<!\s)\$(?:(?=(?:st|nd|rd|th|s)\b)|(?![0-9A-Za-z_{{(]))""",
    "TeX's inline math": rf"\\\((?>(?:[^\\\n]|\\(?![()])|{PARAGRAPH_GOES_ON})*)\\\)",
    "TeX's display math": rf"(?<!\\)\\\[(?>(?:[^\\\n]|\\\\|\\(?![\[\]])|{PARAGRAPH_GOES_ON})*)\\\]",
    "math environment": r"""\\begin\{(?P<environment>(?:equation|align|gather|multline|eqnarray)\*?)\}
        (?>(?:[^\\]|\\(?!(?:begin|end)\{(?P=environment)\}))*)\\end\{(?P=environment)\}""",
    "TeX command, regex escape": rf"{COMMAND}{GROUP}(?>(?:[_^]?{GROUP}|{OPTION}(?=\{{))*)",
    "accent": r"""\\["']\{[A-Za-z]\}(?!\\)""",
    "superscript": rf"(?<=[\w)\]}}])\^{GROUP}(?>(?:[_^]?{GROUP})*)",
    "subscript below a superscript": r"_\{[^{}\s]*\}(?=\^)",
    "quantifier of a character class": r"\[(?=[^\[\]\s{}]*?[-^\\])[^\[\]\s{}]+\]\{",
    "template string": rf"\$(?:{GROUP}|\{{+)",
    "format within a format": rf"\{{[\w.]*(?:![rsa])?:{SPECIFIER}(?:\{{[\w.]*\}}{SPECIFIER})+\}}",
    "three braces or more": r"\{{3,}",
}
"""What may hold the form of a reference and is none; the first that fits at a place stays as it is.

`$` opens math unless white space, a quote, punctuation, Chinese or a price (`$5 and …`) follows. The next `$`
closes it unless white space is before it, or a letter, a digit, `_`, `{` or `(` behind it:
`$HOME/{name}/$USER` is none, `$n$th` is. An `f'` whose next `'` stands before a word or a bracket is a
derivative. An `f"` that nothing closes ends with its line. What opens and does not close is searched up to
the next opening of its kind only, and groups are followed to a fixed depth: the time is linear.
"""

BRACES = re.compile("|".join((*KEPT.values(), REFERENCE)), re.VERBOSE | re.DOTALL)
EACH_STEP = re.compile(STEP)


def expand(prompt: str, namespace: Mapping[str, Any]) -> str:
    """Put the values of `{name}`, `{df.columns}`, `{rows[0]["x"]}` into a prompt, once, never read again.

    A reference is a name, then attributes and items; an item is an integer or a quoted string. No name begins
    with two underscores; nothing is called or formatted. `{{name}}` stands for `{name}`. What cannot be had
    stays, and so does each brace in `KEPT` or without the form of a reference: JSON, code, LaTeX, f-strings,
    templates. A set of one name, `{x}` in code, cannot be told from a reference and is one: write `{{x}}`, or
    give --raw.
    """
    return BRACES.sub(lambda found: _instead(found, namespace), prompt)


def _instead(found: re.Match[str], namespace: Mapping[str, Any]) -> str:
    if found["name"] is None:
        return found[0]
    if found["double"]:
        return found[0][1:-1]
    try:
        return str(_value(found, namespace))
    except Exception:  # noqa: BLE001  a property or a `__str__` raises what it likes
        return found[0]


def _value(found: re.Match[str], namespace: Mapping[str, Any]) -> Any:
    value = namespace[found["name"]]
    for step in EACH_STEP.finditer(found["steps"]):
        kind = step.lastindex or 0
        value = getattr(value, step[1]) if kind == 1 else value[int(step[2]) if kind == 2 else step[kind]]
    return value
