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


def _group_pattern(depth: int) -> str:
    """Match a brace group in which others nest this deep; the depth bounds the work on braces left open."""
    return rf"\{{(?>(?:[^{{}}\\]|\\.{f'|{_group_pattern(depth - 1)}' if depth else ''})*)\}}"


def _quoted_pattern(quote: str) -> str:
    """Match a literal of one line up to its end; as in Python 3.12, `["key"]` and `{", "` do not end it."""
    key = rf"(?<=\[){quote}\w+{quote}(?=\])"
    separator = rf"(?<=[^{{]\{{){quote}(?>(?:[^\w{quote}\\\n]|\\.)*){quote}"
    return rf"{quote}(?>(?:[^{quote}\\\n]|\\.|{key}|{separator})*)"


GROUP = _group_pattern(6)
OPTION = r"\[[^\[\]\n]*\]"
COMMAND = rf"""\\(?:[A-Za-z@]++\*?|[0-9]|[^\w\s{{}}\\"'])(?:{OPTION}){{0,2}}"""
SPECIFIER = r"[\w<>=^+\-#.,]*"
NEWLINE_IN_PARAGRAPH = r"\n(?![ \t]*\n)"
CJK = r"\u3000-\u9fff\uff00-\uffef"
PRICE = rf"\d[\d.,]*[kKmMbB]?(?:\s+\{{?[^\W\d_]{{2}}|[{CJK}])"

LITERAL_PATTERNS = {
    "f-string": rf"""(?<![\w"'\\])(?:[fFtT][rR]?|[rR][fFtT])(?:
        \"""(?>(?:[^"\\]|\\.|"(?!""))*)(?:\"""|\Z)
        |'''(?>(?:[^'\\]|\\.|'(?!''))*)'''
        |{_quoted_pattern('"')}"?
        |(?!'\s+=){_quoted_pattern("'")}'(?![\w(])
        |\\"(?>(?:[^"\\\n]|\\[^"])*)\\")""",
    "display math": rf"(?<!\\)\$\$(?>(?:[^$\\\n]|\\.|\$(?!\$)|{NEWLINE_IN_PARAGRAPH})*)\$\$",
    "inline math": rf"""(?<!\\)\$(?![\s$"'),;/\]}}{CJK}]|{PRICE})(?>(?:[^$\\\n]|\\.|{NEWLINE_IN_PARAGRAPH})*)
        (?<!\s)\$(?:(?=(?:st|nd|rd|th|s)\b)|(?![0-9A-Za-z_{{(]))""",
    "TeX's inline math": rf"\\\((?>(?:[^\\\n]|\\(?![()])|{NEWLINE_IN_PARAGRAPH})*)\\\)",
    "TeX's display math": rf"(?<!\\)\\\[(?>(?:[^\\\n]|\\\\|\\(?![\[\]])|{NEWLINE_IN_PARAGRAPH})*)\\\]",
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

BRACE_PATTERN = re.compile("|".join((*LITERAL_PATTERNS.values(), REFERENCE)), re.VERBOSE | re.DOTALL)
STEP_PATTERN = re.compile(STEP)


def expand(prompt: str, namespace: Mapping[str, Any]) -> str:
    """Put the values of `{name}`, `{df.columns}`, `{rows[0]["x"]}` into a prompt, once, never read again.

    A reference is a name, then attributes and items; an item is an integer or a quoted string. No name begins
    with two underscores; nothing is called or formatted. `{{name}}` stands for `{name}`. What cannot be had
    stays, and so does each brace in `KEPT` or without the form of a reference: JSON, code, LaTeX, f-strings,
    templates. A set of one name, `{x}` in code, cannot be told from a reference and is one: write `{{x}}`, or
    give --raw.
    """
    return BRACE_PATTERN.sub(lambda found: _replace_reference(found, namespace), prompt)


def _replace_reference(match: re.Match[str], namespace: Mapping[str, Any]) -> str:
    if match["name"] is None:
        return match[0]
    if match["double"]:
        return match[0][1:-1]
    try:
        return str(_resolve_reference(match, namespace))
    except Exception:  # noqa: BLE001  a property or a `__str__` raises what it likes
        return match[0]


def _resolve_reference(match: re.Match[str], namespace: Mapping[str, Any]) -> Any:
    value = namespace[match["name"]]
    for step in STEP_PATTERN.finditer(match["steps"]):
        kind = step.lastindex or 0
        value = getattr(value, step[1]) if kind == 1 else value[int(step[2]) if kind == 2 else step[kind]]
    return value
