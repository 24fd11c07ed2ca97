"""Replace `{name}` in a prompt by the value of a variable. Independent of IPython."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.errors import MimoError
from mimo_magics.core.messages import ContextPart, MediaPart, Part, TextPart

NAME = r"(?!__)[^\W\d]\w*"
STEP = rf"""\.({NAME})|\[(?:(-?[0-9]+)|"([^"\\{{}}\n]*)"|'([^'\\{{}}\n]*)')\]"""
"""An attribute or an item. A key holds no brace, so the search for its end is short."""


def _group_pattern(depth: int) -> str:
    """Match a balanced brace group. The maximum depth bounds the work on braces that never close."""
    return rf"\{{(?:[^{{}}\\]|\\.{f'|{_group_pattern(depth - 1)}' if depth else ''})*+\}}"


GROUP = _group_pattern(6)
ARGUMENT = rf"(?:\[[^\[\]\n]*+\])?{GROUP}"
LINE_BREAK = r"\n(?![ \t]*\n)"
"""Math ends at a blank line, as in TeX."""

LITERAL = rf"""
    \\[A-Za-z]+\*?{ARGUMENT}(?:[_^]?{ARGUMENT})*+             # a TeX command and its groups
    | (?<!\\)\$\$(?:[^$\\\n]|\\.|\$(?!\$)|{LINE_BREAK})*+\$\$  # $$display math$$
    | (?<!\\)\\\((?:[^\\\n]|\\[^()\n]|{LINE_BREAK})*+\\\)      # \(inline math\)
    | (?<!\\)\\\[(?:[^\\\n]|\\[^\[\]\n]|{LINE_BREAK})*+\\\]    # \[display math\]
    | (?<!\\)\$(?=[^$\n]*[\\^])(?:[^$\\\n]|\\[^\n])++\$(?!\{{) # $inline math$ that holds \ or ^
    | \${GROUP}                                                # ${{template string}}
    | \{{\{{{NAME}(?>(?:{STEP})*)\}}\}}                        # {{{{template}}}}
"""
REFERENCE = rf"\{{(?P<name>{NAME})(?P<steps>(?>(?:{STEP})*))\}}"

BRACE_PATTERN = re.compile(rf"{LITERAL} | {REFERENCE}", re.VERBOSE | re.DOTALL)
"""At each position the first alternative that matches wins. Every alternative takes linear time."""
REFERENCE_PATTERN = re.compile(REFERENCE)
STEP_PATTERN = re.compile(STEP)


@dataclass(frozen=True, slots=True)
class Expansion:
    """A prompt with the values of its variables."""

    parts: tuple[Part, ...]
    """The texts as typed, and the values as they are sent. No text is empty."""
    unresolved: tuple[tuple[int, str], ...] = ()
    """The references without a value, which stay as typed: their positions in the original prompt, and their texts."""

    @property
    def text(self) -> str:
        """The prompt as it is sent."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


def expand(
    prompt: str, namespace: Mapping[str, Any], render: Callable[[str, Any], ContextPart | MediaPart]
) -> Expansion:
    r"""Replace each `{name}`, `{df.columns}` and `{rows[0]["x"]}` by the text of its value.

    A reference is a name, then attributes and items. An item is an integer or a quoted string. Names do not
    begin with two underscores. Nothing is called or formatted, and a value is not searched for references. A
    reference that has no value stays as typed. So do `{{name}}`, `${…}`, the groups of a TeX command, and
    math: `$$…$$`, `\(…\)`, `\[…\]`, and `$…$` that holds a backslash or `^`.

    Args:
        prompt: the prompt as the user typed it.
        namespace: the variables.
        render: returns a value as it is sent, from the reference and the value.

    Raises:
        MimoError: a value is a picture that cannot be sent.
    """
    parts: list[Part] = []
    unresolved: list[tuple[int, str]] = []
    end = 0
    for match in BRACE_PATTERN.finditer(prompt):
        if match["name"] is None:
            continue
        try:
            value = render(match[0][1:-1], _resolve_reference(match, namespace))
        except MimoError:
            raise
        except Exception:  # noqa: BLE001  a property or a `__str__` can raise any error
            unresolved.append((match.start(), match[0]))
            continue
        parts += [TextPart(prompt[end : match.start()]), value]
        end = match.end()
    parts.append(TextPart(prompt[end:]))
    return Expansion(
        tuple(part for part in parts if not isinstance(part, TextPart) or part.text), tuple(unresolved)
    )


def find_references(prompt: str) -> tuple[str, ...]:
    """Return the references that `expand` replaces, without their braces, each once and in their order."""
    matches = (match for match in BRACE_PATTERN.finditer(prompt) if match["name"] is not None)
    return tuple(dict.fromkeys(match[0][1:-1] for match in matches))


def find_variable(reference: str, namespace: Mapping[str, Any]) -> tuple[bool, Any]:
    """Return whether a text is a reference with a value, such as `fig` or `plots["tide"]`, and the value."""
    match = REFERENCE_PATTERN.fullmatch(f"{{{reference}}}")
    try:
        return (True, _resolve_reference(match, namespace)) if match else (False, None)
    except Exception:  # noqa: BLE001  a property can raise any error
        return False, None


def get_root_name(reference: str) -> str:
    """Return the name of the variable at the start of a reference: `df` of `df.columns`."""
    return re.split(r"[.\[]", reference, maxsplit=1)[0]


def _resolve_reference(match: re.Match[str], namespace: Mapping[str, Any]) -> Any:
    value = namespace[match["name"]]
    for step in STEP_PATTERN.finditer(match["steps"]):
        kind = step.lastindex or 0
        value = getattr(value, step[1]) if kind == 1 else value[int(step[2]) if kind == 2 else step[kind]]
    return value
