"""How a text is said: in English, or in the language of the person who reads it.

The English text is the key, with the names of what is put into it: `Words("There is no turn {number}.", number=3)`.
`Words` are the English text for everybody, for programs, logs, files and models; only what shows them says them anew:
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


class Words(str):
    """A text in English that can be said in another language.

    Args:
        form: the text, with a name in braces for each part; braces are braces where there is no part.
        parts: what is put in; `Words` among them are said in the same language.
    """

    __slots__ = ("form", "parts")

    language: ClassVar[Language] = "en"
    """What the person reads."""

    form: str
    parts: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        """Put the parts in."""
        instance = super().__new__(cls, template.format_map(values) if values else template)
        instance.form, instance.parts = template, values
        return instance


def say(text: str, /, **values: Any) -> str:
    """Return a text as the person reads it; one that the language does not know stays as it is."""
    if Words.language == "en":
        return str(Words(text, **values) if values else text)
    if values or not isinstance(text, Words):
        text = Words(text, **values)
    template = load_translations(Words.language).get(text.form, text.form)
    translated_values = {
        name: say(part) if isinstance(part, Words) else part for name, part in text.parts.items()
    }
    return template.format_map(translated_values) if translated_values else template


def load_translations(language: Language) -> Mapping[str, str]:
    """Return what is said in a language instead of the English forms."""
    if language == "en":
        return {}
    from mimo_magics.core.i18n_zh_tw import TRANSLATIONS

    return TRANSLATIONS


def join_translatables(separator: str, texts: Iterable[str]) -> Words:
    """Return texts one after the other; `Words` among them are said in the same language."""
    values = {f"part{number}": text for number, text in enumerate(texts)}
    return Words(separator.join(f"{{{name}}}" for name in values), **values)


def words(*templates: str) -> tuple[Words, ...]:
    """Return texts without parts, such as the heads of columns."""
    return tuple(map(Words, templates))
