"""Generate the tables of the reference from the code: magics, options, settings, services, models and errors.

The directive `from-code NAME` puts a table into a page. `from-code options zh-TW` is in Traditional Chinese.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mimo_magics.core import errors, models, pricing, services as presets
from mimo_magics.core.i18n_zh_tw import TRANSLATIONS
from mimo_magics.core.settings import Settings, strip_optional
from mimo_magics.notebook.extension import MAGICS
from mimo_magics.notebook.magics import MimoMagics
from mimo_magics.notebook.options import OPTIONS

CODE = "    "
"""The indentation of code in a docstring."""


def magics() -> Iterator[str]:
    """Yield every magic with its help page, without the options, which have their own table."""
    for (kind, name), method in MAGICS.items():
        if not name.startswith("_"):
            percent = "%%" if kind == "cell" else "%"
            page = inspect.cleandoc(getattr(MimoMagics, method).__doc__)
            help_text, _, _ = re.sub(r"\A::\n\n  .*?\n\n", "", page, flags=re.DOTALL).partition("\noptions:")
            yield f"## `{percent}{name}`\n\n{markdown(help_text)}\n"


def options(language: str = "en") -> Iterator[str]:
    """Yield the table of the options of `%%mimo` and `%mimo`."""
    head, translations = (
        (("選項", "意義"), TRANSLATIONS) if language == "zh-TW" else (("option", "meaning"), {})
    )
    yield from table(
        head, ((code(each.signature), translations.get(each.help, each.help)) for each in OPTIONS)
    )


def settings() -> Iterator[str]:
    """Yield the table of the settings: values, default, option, and where each can be written."""
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
    """Yield the table of the presets, with the documented ranges of their parameters."""
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
    """Yield the dated table of models."""
    yield (
        f"Models as of {models.MODELS_AS_OF}, prices as of {pricing.PRICES_AS_OF}. "
        "Prices are in US dollars for a million tokens of input, cached input and output.\n"
    )
    head = (
        "model",
        "context window",
        "max output",
        "thinking by default",
        "inputs",
        "successor",
        "price at mimo-v2",
        "price at xiaomi",
    )
    rows = (
        (
            code(each.id),
            f"{each.context_window:,}",
            f"{each.max_output:,}",
            "on" if each.thinks_by_default else "off",
            ", ".join(["text", *["images"] * each.accepts_images, *["audio"] * each.accepts_audio]),
            code(models.SUCCESSORS.get(each.id, "")),
            price("mimo-v2", each.id),
            price("xiaomi", each.id),
        )
        for each in models.MODELS.values()
    )
    yield from table(head, rows)


def error_tree() -> Iterator[str]:
    """Yield the table of the errors, with their meaning and their default advice."""
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.MimoError)
    ]
    rows = (
        (code(kind.__name__), code(kind.__mro__[1].__name__), summary(kind), kind.default_hint)
        for kind in classes
    )
    yield from table(("error", "base class", "meaning", "default advice"), rows)


TABLES: dict[str, Callable[..., Iterator[str]]] = {
    "magics": magics,
    "options": options,
    "settings": settings,
    "services": services,
    "models": known_models,
    "errors": error_tree,
}


class FromCode(SphinxDirective):
    """The directive `from-code NAME [LANGUAGE]`."""

    required_arguments: ClassVar[int] = 1
    optional_arguments: ClassVar[int] = 1

    def run(self) -> list[Node]:
        """Return the nodes of the generated part."""
        name, *arguments = self.arguments
        return self.parse_text_to_nodes("\n".join(TABLES[name](*arguments)), allow_section_headings=True)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    head = list(head)
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def code(text: str) -> str:
    """Return a text as code, or an empty text as it is."""
    return f"`{text}`" if text else ""


def kinds(hint: Any) -> str:
    """Return the values that a type allows."""
    kind = strip_optional(hint)
    if get_origin(kind):
        return (
            ", ".join(map(code, get_args(kind)))
            if all(isinstance(each, str) for each in get_args(kind))
            else "list or JSON object"
        )
    return {"bool": "on, off", "str": "text", "float": "number", "int": "whole number"}[kind.__name__]


def default(value: Any) -> str:
    """Return the default of a setting; empty if it has none."""
    if value in (None, (), MISSING):
        return ""
    return code({True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else str(value))


def price(service: str, model: str) -> str:
    """Return the prices of a model; empty if they are unknown."""
    cost = pricing.PRICES.get((service, model))
    return f"{cost.input:g}, {cost.cached:g}, {cost.output:g}" if cost else ""


def summary(kind: type) -> str:
    """Return the first paragraph of a docstring."""
    return inspect.getdoc(kind).partition("\n\n")[0].replace("\n", " ") if kind.__doc__ else ""


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown: indented lines are code."""
    lines, inside = [], False
    for line in docstring.replace("::\n\n", "").splitlines():
        if line.strip() and line.startswith(CODE) != inside:
            lines.append("```" if inside else "```text")
            inside = not inside
        lines.append(line.removeprefix(CODE) if inside else line.replace("<", "\\<"))
    return "\n".join([*lines, "```"] if inside else lines)


def restructured(_app: Sphinx, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    """Rewrite a docstring for Sphinx: names in backticks and indented lines are code."""
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
    """Register the directive."""
    app.add_directive("from-code", FromCode)
    # The priority puts it before napoleon, which reads the sections.
    app.connect("autodoc-process-docstring", restructured, priority=400)
    return {"parallel_read_safe": True}
