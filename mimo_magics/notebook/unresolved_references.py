"""References and Python expressions in a prompt that were not replaced, and the notice about them."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from mimo_magics.context.prompt_references import BRACE_PATTERN, Expansion
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Unresolved
from mimo_magics.core.text import quote

MAX_NAMED_REFERENCES = 3
MAX_QUOTED_CHARS = 40
FENCED_CODE_PATTERN = re.compile(
    r"^ {0,3}(?P<fence>`{3,}+|~{3,}+)[^\n]*\n(?:(?! {0,3}(?P=fence))[^\n]*(?:\n|\Z))*+(?: {0,3}(?P=fence)[^\n]*)?",
    re.MULTILINE,
)
"""A block of code, to its closing fence or to the end of the prompt."""
EXPRESSION_PATTERN = re.compile(r"(?<![{$])\{(?P<inner>[^{}\\\n]{1,200}+)\}(?!\})")
KEYWORD_PATTERN = re.compile(rf"\{{(?:{'|'.join(keyword.kwlist)})\b")
FORMAT_SPEC_PATTERN = re.compile(r"(?:.?[<>=^])?[-+]?0?\d*[,_]?(?:\.\d+)?[a-zA-Z%]?|%.+")
"""A format such as `.2f`, `>10`, `,` or `%Y-%m-%d`."""
OPERATIONS = (ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp)


def check_expansion(
    prompt: str, expansion: Expansion, variables: Mapping[str, Any], policy: Unresolved
) -> tuple[str, ...]:
    """Return a notice if the prompt has references or expressions that were not replaced.

    Args:
        prompt: the prompt as the user typed it.
        expansion: the prompt with its values.
        variables: the variables for the prompt.
        policy: `notice`, `error` or `ignore`.

    Raises:
        BadOption: the policy is `error`, and something was not replaced.
    """
    if policy == "ignore" or not (texts := find_unresolved(prompt, expansion, variables)):
        return ()
    shown = ", ".join(quote(text, MAX_QUOTED_CHARS) for text in texts[:MAX_NAMED_REFERENCES])
    more = len(texts) - MAX_NAMED_REFERENCES
    fact = (
        Translatable("Not replaced in the prompt: {references} and {more} more.", references=shown, more=more)
        if more > 0
        else Translatable("Not replaced in the prompt: {references}.", references=shown)
    )
    advice = Translatable(
        "Calls and formats are not evaluated, and undefined names stay as typed. Assign the value to a variable first, "
        "or write {{…}} for literal braces."
    )
    if policy == "error":
        raise BadOption(fact, advice)
    return (Translatable("{fact} {hint}", fact=fact, hint=advice),)


def find_unresolved(prompt: str, expansion: Expansion, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the references, calls and formats that were not replaced, in their order, each once.

    Only forms that are Python count: no JSON, no fenced code, no `{{name}}`, and no subscripts of formulas.
    """
    found = [
        (position, text)
        for position, text in (*expansion.unresolved, *_iter_expressions(prompt, variables))
        if prompt[max(position - 1, 0) : position] not in ("_", "^") and not KEYWORD_PATTERN.match(text)
    ]
    if found:
        without_code = FENCED_CODE_PATTERN.sub(lambda match: " " * len(match[0]), prompt)
        found = [each for each in found if without_code[each[0]] == "{"]
    return tuple(dict.fromkeys(text for _, text in sorted(found)))


def _iter_expressions(prompt: str, variables: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield the positions and texts of expressions that have another form than a reference."""
    if not EXPRESSION_PATTERN.search(prompt):
        return
    # References, formulas and templates are blanked, so that no expression begins in them.
    rest = BRACE_PATTERN.sub(lambda match: " " * len(match[0]), prompt)
    for match in EXPRESSION_PATTERN.finditer(rest):
        text = prompt[slice(*match.span())]
        if text == match[0] and _is_python(match["inner"], variables):
            yield match.start(), text


def _is_python(inner: str, variables: Mapping[str, Any]) -> bool:
    """Return whether the text in braces is an expression of an f-string, such as `df.head()` or `x:.2f`."""
    field = _parse_field(inner)
    if field is None:
        return False
    is_chain = _find_root(field.value) is not None
    names = {node.id for node in ast.walk(field.value) if isinstance(node, ast.Name)}
    knows_names = not names.isdisjoint(variables) and all(
        name in variables or hasattr(builtins, name) for name in names
    )
    if isinstance(field.format_spec, ast.JoinedStr):
        spec = ast.unparse(field.format_spec)[2:-1]
        return is_chain and bool(FORMAT_SPEC_PATTERN.fullmatch(spec)) and (knows_names or "." in spec)
    if inner != inner.strip() or not is_chain:
        return knows_names and (is_chain or isinstance(field.value, OPERATIONS))
    return True


def _parse_field(inner: str) -> ast.FormattedValue | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expression = ast.parse(f'f"""{{{inner}}}"""', mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    values = expression.values if isinstance(expression, ast.JoinedStr) else ()
    fields = [value for value in values if isinstance(value, ast.FormattedValue)]
    return fields[0] if len(fields) == 1 else None


def _find_root(node: ast.expr) -> ast.Name | None:
    """Return the name at the start of a chain of attributes, items and calls."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node if isinstance(node, ast.Name) else None
