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
TAGS: Mapping[Language, str] = {"en": "en", "zh-TW": "zh-Hant-TW"}
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

    def __new__(cls, form: str, /, **parts: Any) -> Self:
        """Put the parts in."""
        words = super().__new__(cls, form.format_map(parts) if parts else form)
        words.form, words.parts = form, parts
        return words


def say(text: str, /, **parts: Any) -> str:
    """Return a text as the person reads it; one that the language does not know stays as it is."""
    if Words.language == "en":
        return str(Words(text, **parts) if parts else text)
    if parts or not isinstance(text, Words):
        text = Words(text, **parts)
    form = known(Words.language).get(text.form, text.form)
    said = {name: say(part) if isinstance(part, Words) else part for name, part in text.parts.items()}
    return form.format_map(said) if said else form


def known(language: Language) -> Mapping[str, str]:
    """Return what is said in a language instead of the English forms."""
    if language == "en":
        return {}
    from mimo_magics.core.i18n_zh_tw import WORDS

    return WORDS


def joined(separator: str, texts: Iterable[str]) -> Words:
    """Return texts one after the other; `Words` among them are said in the same language."""
    parts = {f"part{number}": text for number, text in enumerate(texts)}
    return Words(separator.join(f"{{{name}}}" for name in parts), **parts)


def words(*forms: str) -> tuple[Words, ...]:
    """Return texts without parts, such as the heads of columns."""
    return tuple(map(Words, forms))
