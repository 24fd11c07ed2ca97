"""What the reference tells of magics, settings, services and errors, taken from the code: the directive `from-code`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields, replace
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mimo_magics.core import errors, models, pricing, services as presets
from mimo_magics.core.settings import Settings, strip_optional
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.help_page import help_page
from mimo_magics.notebook.options import OPTIONS

CODE = "    "
"""The indentation of code in a docstring."""


def magics() -> Iterator[str]:
    """Every magic with its help page, without the options, which have a table of their own."""
    for magic in MAGICS.values():
        yield f"## `{magic.name}`\n\n{markdown(help_page(replace(magic, options=())))}\n"


def options() -> Iterator[str]:
    """Every option of `%%mimo` and `%mimo`."""
    yield from table(("option", "meaning"), ((code(each.signature), each.help) for each in OPTIONS))


def settings() -> Iterator[str]:
    """Every setting: where it can be written, and what it is when nobody says it."""
    hints = get_type_hints(Settings)
    rows = (
        (
            code(each.name),
            kinds(hints[each.name]),
            default(each.default),
            ", ".join(map(code, each.metadata["flags"])),
            "yes" if each.metadata["project"] else "",
            "yes" if each.metadata["panel"] else "",
            each.metadata["help"],
        )
        for each in fields(Settings)
    )
    yield from table(("setting", "values", "default", "option", "project", "panel", "meaning"), rows)


def services() -> Iterator[str]:
    """The presets, with the documented ranges of their parameters."""
    head = ("preset", "model", "OpenAI format", "Anthropic format", "documented ranges")
    rows = (
        (
            code(each.name),
            code(each.model),
            code(each.base_urls.get("openai", "")),
            code(each.base_urls.get("anthropic", "")),
            ", ".join(f"{code(name)} {low:,} to {high:,}" for name, (low, high) in each.ranges.items()),
        )
        for each in presets.SERVICES.values()
    )
    yield from table(head, rows)


def known_models() -> Iterator[str]:
    """The dated table of models."""
    yield f"As of {models.MODELS_AS_OF}; prices as of {pricing.PRICES_AS_OF}, in US dollars for a million tokens of input, cached input and output.\n"
    head = ("model", "window", "most output", "thinks", "takes", "successor", "at mimo-v2", "at xiaomi")
    rows = (
        (
            code(each.id),
            f"{each.context_window:,}",
            f"{each.max_output:,}",
            "yes" if each.thinks_by_default else "when told to",
            ", ".join(["text", *["pictures"] * each.accepts_images, *["sounds"] * each.accepts_audio]),
            code(models.SUCCESSORS.get(each.id, "")),
            price("mimo-v2", each.id),
            price("xiaomi", each.id),
        )
        for each in models.MODELS.values()
    )
    yield from table(head, rows)


def error_tree() -> Iterator[str]:
    """Every error with what it means and what is said to do."""
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.MimoError)
    ]
    rows = (
        (code(kind.__name__), code(kind.__mro__[1].__name__), summary(kind), kind.default_hint)
        for kind in classes
    )
    yield from table(("error", "is a", "meaning", "advice, unless there is a better one"), rows)


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "magics": magics,
    "options": options,
    "settings": settings,
    "services": services,
    "models": known_models,
    "errors": error_tree,
}


class FromCode(SphinxDirective):
    """`from-code NAME`: a piece of the reference."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[Node]:
        """Return what the code tells."""
        return self.parse_text_to_nodes("\n".join(TABLES[self.arguments[0]]()), allow_section_headings=True)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Write a table in Markdown."""
    head = list(head)
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def code(text: str) -> str:
    """Write a text as code; an empty one is nothing."""
    return f"`{text}`" if text else ""


def kinds(hint: Any) -> str:
    """Say what values of a type there are."""
    kind = strip_optional(hint)
    if get_origin(kind):
        return (
            ", ".join(map(code, get_args(kind)))
            if all(isinstance(each, str) for each in get_args(kind))
            else "several"
        )
    return {"bool": "on, off", "str": "text", "float": "number", "int": "whole number"}[kind.__name__]


def default(value: Any) -> str:
    """Say what a setting is when nobody says it."""
    if value in (None, (), MISSING):
        return ""
    return code({True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else str(value))


def price(service: str, model: str) -> str:
    """Write a price."""
    cost = pricing.PRICES.get((service, model))
    return f"{cost.input:g}, {cost.cached:g}, {cost.output:g}" if cost else ""


def summary(kind: type) -> str:
    """Return the first paragraph of a docstring."""
    return inspect.getdoc(kind).partition("\n\n")[0].replace("\n", " ") if kind.__doc__ else ""


def markdown(docstring: str) -> str:
    """Write a docstring in Markdown: indented lines are code."""
    lines, inside = [], False
    for line in docstring.splitlines():
        if line.strip() and line.startswith(CODE) != inside:
            lines.append("```" if inside else "```text")
            inside = not inside
        lines.append(line.removeprefix(CODE) if inside else line.replace("<", "\\<"))
    return "\n".join([*lines, "```"] if inside else lines)


def restructured(_app: Sphinx, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    """Write a docstring of ours for Sphinx: `names` are code, and indented lines below plain ones are code, too."""
    written, inside, section = [], False, False
    for line in lines:
        plain = bool(line) and not line.startswith(" ")
        section = line.rstrip() in SECTIONS if plain else section
        if plain:
            inside = False
        elif line.startswith(CODE) and not inside and not section:
            written += [".. code-block:: text", ""]
            inside = True
        written.append(
            line if inside else re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line).replace("*", "\\*")
        )
    lines[:] = written


SECTIONS = ("Args:", "Raises:", "Returns:", "Yields:")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("from-code", FromCode)
    app.connect("autodoc-process-docstring", restructured, priority=400)  # before napoleon reads the sections
    return {"parallel_read_safe": True}
