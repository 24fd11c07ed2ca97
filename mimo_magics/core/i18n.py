"""Translation of text for the user: English, or the language of the setting `language`.

The English text is the key, with placeholders for values: `Translatable("There is no turn {number}.", number=3)`.
A `Translatable` is the English string for programs, logs, files and models. Only the code that displays it calls
`translate`. So errors and events can carry it to any display, and saved notebooks store English only.

There is one language per process, as a kernel has one user, whose sessions, threads and widget callbacks all use it.
Only the settings store sets it.

`gettext` would need compiled files, and its plural forms and contexts are not needed: Chinese has no plural forms, and
the English ones are separate texts. So a translation is a plain dict, imported on first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, Self

Language = Literal["en", "zh-TW"]
LANGUAGE_TAGS: Mapping[Language, str] = {"en": "en", "zh-TW": "zh-Hant-TW"}
"""Values of the HTML attribute `lang`."""


class Translatable(str):
    """An English text that can be translated.

    Args:
        template: the text, with a name in braces for each value. Without values, braces stay as they are.
        values: the values of the placeholders. `Translatable` values are translated, too.
    """

    __slots__ = ("template", "values")

    language: ClassVar[Language] = "en"
    """The language of the user."""

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        """Fill in the values."""
        instance = super().__new__(cls, template.format_map(values) if values else template)
        instance.template, instance.values = template, values
        return instance


def translate(text: str, /, **values: Any) -> str:
    """Return a text in the language of the user. A text without a translation stays English."""
    if Translatable.language == "en":
        return str(Translatable(text, **values) if values else text)
    if values or not isinstance(text, Translatable):
        text = Translatable(text, **values)
    template = load_translations(Translatable.language).get(text.template, text.template)
    translated_values = {
        name: translate(value) if isinstance(value, Translatable) else value
        for name, value in text.values.items()
    }
    return template.format_map(translated_values) if translated_values else template


def load_translations(language: Language) -> Mapping[str, str]:
    """Return the translations of a language by their English templates."""
    if language == "en":
        return {}
    from mimo_magics.core.i18n_zh_tw import TRANSLATIONS

    return TRANSLATIONS


def join_translatables(separator: str, texts: Iterable[str]) -> Translatable:
    """Join texts into one text whose `Translatable` parts can still be translated."""
    values = {f"part{number}": text for number, text in enumerate(texts)}
    return Translatable(separator.join(f"{{{name}}}" for name in values), **values)


def translatables(*templates: str) -> tuple[Translatable, ...]:
    """Return several texts without values, such as column headings."""
    return tuple(map(Translatable, templates))
