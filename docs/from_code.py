"""Generate the tables of the reference from the code: magics, options, settings, services, models and errors.

The directive `from-code NAME` puts a table into a page. `from-code options zh-TW` is in Traditional Chinese.
"""

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
from mimo_magics.core.i18n_zh_tw import TRANSLATIONS
from mimo_magics.core.setting_values import strip_optional
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.help_page import help_page
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS, Option

CODE = "    "
"""The indentation of code in a docstring."""
INLINE_CODE = re.compile(
    r"%%?mimo\w*\??(?: --\w[\w-]*)?(?: \w+=[\w…-]+| continue| record PATH)?|(?<![\w-])--[\w-]*|\{[^\s{}]*\}(?!:)"
)
"""Code within a plain text."""
CHINESE_HELP = {
    "--no-history": "單次提示詞：看不到工作階段，也不會加入工作階段。",
    "--new": "從工作階段的根開始一個新的分支。",
    "--session": "在這個名稱的工作階段裡送出提示詞，但不切換過去。",
    "--id": "為儲存格指定 id，讓重新執行取代它的回合。",
    "--append": "新增一個回合，即使這個儲存格先前執行過。",
    "--fresh": "重新呼叫模型，即使有可以沿用的回覆。",
    "--context": "隨提示詞送出筆記本的儲存格：最後一個、上方全部、失敗的，或依編號，附輸入和輸出。",
    "--schema": "回覆的結構描述：內容為 pydantic 模型、dataclass、TypedDict 或 JSON Schema 的變數，或像 'name, age int' 的欄位。",
    "--many": "回覆是結構描述的項目清單。",
    "--define": "以提示詞和其中的插槽定義這個名稱的函式，不送出任何內容。",
    "--image": "在提示詞之前送出圖片：檔案、http(s) 網址，或內容為圖表的變數。可以重複。",
    "--audio": "在提示詞之前送出音訊：檔案、http(s) 網址，或內容為位元組的變數。可以重複。",
    "--video": "在提示詞之前送出影片：檔案、http(s) 網址，或內容為位元組的變數。可以重複。",
    "--fps": "模型每秒看到影片的影格數：0.1 到 10。",
    "--media-resolution": "模型看到影片的解析度。",
    "--file": "在提示詞之後送出的檔案：文字、CSV、Parquet、筆記本、PDF、Word 或 HTML；可重複。",
    "--fetch": "在這台電腦上下載網址，並送出內容。",
    "--into-cell": "把回覆的程式碼插入為下方的新儲存格，不會執行。",
    "--raw": "提示詞裡的每個大括號都保持原樣。",
    "--tools": "模型在這個回合可以呼叫的工具或函式，取代所有已註冊的工具。",
    "--dry-run": "顯示請求，但什麼都不送。",
    "--as": "印出會做同樣呼叫的程式碼，但什麼都不送。",
    "-o": "另外把回覆存進這個變數。",
}
"""The help of the options that have no translation on the screen, by their first flag."""


def magics() -> Iterator[str]:
    """Yield every magic with its help page, without the options of prompts, which have their own table."""
    for magic in MAGICS.values():
        own = () if magic.options in (OPTIONS, COMPARISON_OPTIONS) else magic.options
        yield f"## `{magic.name}`\n\n{markdown(help_page(replace(magic, options=())))}\n"
        if own:
            yield from table(
                ("option", "meaning"), ((code(each.signature), prose(each.help)) for each in own)
            )


def options(language: str = "en") -> Iterator[str]:
    """Yield the table of the options of `%%mimo` and `%mimo`."""
    is_chinese = language == "zh-TW"
    rows = (
        (code(each.signature), prose(chinese_help(each) if is_chinese else each.help)) for each in OPTIONS
    )
    yield from table(("選項", "意義") if is_chinese else ("option", "meaning"), rows)


def chinese_help(option: Option) -> str:
    """Return the help of an option in Traditional Chinese: that of the screen, if the screen has one."""
    return TRANSLATIONS.get(option.help) or CHINESE_HELP[option.flags[0]]


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
            prose(each.metadata["help"]),
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
            ", ".join(
                [
                    "text",
                    *["images"] * each.accepts_images,
                    *["audio"] * each.accepts_audio,
                    *["video"] * each.accepts_video,
                ]
            ),
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
        (code(kind.__name__), code(kind.__mro__[1].__name__), prose(summary(kind)), prose(kind.default_hint))
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


def prose(text: str) -> str:
    """Return a plain text as Markdown: names of magics, options and settings in it are code."""
    return INLINE_CODE.sub(lambda match: code(match[0]), text.replace("<", "\\<"))


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
    for line in docstring.splitlines():
        if line.strip() and line.startswith(CODE) != inside:
            if inside and not lines[-1]:
                lines.pop()
            lines += ["```", ""] if inside else ["```text"]
            inside = not inside
        lines.append(line.removeprefix(CODE) if inside else prose(line))
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
