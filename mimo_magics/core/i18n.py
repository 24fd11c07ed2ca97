"""How a text is said: in English, or in the language of the person who reads it.

The English text is the key, with the names of what is put into it: `Translatable("There is no turn {number}.", number=3)`.
`Translatable` are the English text for everybody, for programs, logs, files and models; only what shows them says them anew:
`say(words)`. So errors and events keep them, whoever will read, and a saved notebook holds no language but English
in what is read back.

The language is one for the process, beside `MimoError.traced` and for the same reason: a kernel has one reader, whose
sessions, threads and callbacks of widgets all speak to him. The store of settings sets it, nothing else does.

`gettext` would want a compiled file, and its contexts and plurals settle what does not arise: Chinese has no plural
forms, and where English has two, they are two texts. So the other language is a plain dict, which is imported when
it is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, Self

Language = Literal["en", "zh-TW"]
LANGUAGE_TAGS: Mapping[Language, str] = {"en": "en", "zh-TW": "zh-Hant-TW"}
"""What pages call the languages."""


class Translatable(str):
    """A text in English that can be said in another language.

    Args:
        form: the text, with a name in braces for each part; braces are braces where there is no part.
        parts: what is put in; `Translatable` among them are said in the same language.
    """

    __slots__ = ("template", "values")

    language: ClassVar[Language] = "en"
    """What the person reads."""

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        """Put the parts in."""
        instance = super().__new__(cls, template.format_map(values) if values else template)
        instance.template, instance.values = template, values
        return instance


def translate(text: str, /, **values: Any) -> str:
    """Return a text as the person reads it; one that the language does not know stays as it is."""
    if Translatable.language == "en":
        return str(Translatable(text, **values) if values else text)
    if values or not isinstance(text, Translatable):
        text = Translatable(text, **values)
    template = load_translations(Translatable.language).get(text.template, text.template)
    translated_values = {
        name: translate(part) if isinstance(part, Translatable) else part
        for name, part in text.values.items()
    }
    return template.format_map(translated_values) if translated_values else template


def load_translations(language: Language) -> Mapping[str, str]:
    """Return what is said in a language instead of the English forms."""
    if language == "en":
        return {}
    from mimo_magics.core.i18n_zh_tw import TRANSLATIONS

    return TRANSLATIONS


def join_translatables(separator: str, texts: Iterable[str]) -> Translatable:
    """Return texts one after the other; `Translatable` among them are said in the same language."""
    values = {f"part{number}": text for number, text in enumerate(texts)}
    return Translatable(separator.join(f"{{{name}}}" for name in values), **values)


def translatables(*templates: str) -> tuple[Translatable, ...]:
    """Return texts without parts, such as the heads of columns."""
    return tuple(map(Translatable, templates))
