r"""The words of a magic's line, and the options at its beginning.

Every line is split here. A quote counts where it begins a word or the value in `NAME="…"`; elsewhere it is text, as in
`don't`. A backslash is text as well, so `C:\data` needs no quotes. It escapes only blanks and punctuation, because
IPython's completion of file names writes `my\ file`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.notebook.options import Option

QUOTATION = r"""(?:"(?:[^"\\]|\\.)*+"|'[^']*+')"""
VALUE_NAME = r"""(?:[^\s"'=]*+=)*+"""
QUOTED_WORD = rf"(?P<name>{VALUE_NAME})(?P<quoted>{QUOTATION}+)(?=\s|\Z)"
OPEN_WORD = rf"""(?P<open>{VALUE_NAME}["'].*)"""
BARE_WORD = r"(?:\\\s|\S)++"
WORD_PATTERN = re.compile(rf"{QUOTED_WORD}|{OPEN_WORD}|{BARE_WORD}", re.DOTALL)
LENIENT_WORD_PATTERN = re.compile(rf"{QUOTED_WORD}|{BARE_WORD}", re.DOTALL)
"""The words of a line that may be a prompt, where an unclosed quote is text."""
QUOTATION_PATTERN = re.compile(QUOTATION, re.DOTALL)
FLAG_PATTERN = re.compile(r"--?[A-Za-z][^\s=]*")
"""An option; `-5` is a number."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a line."""

    text: str
    """The word without its quotes and escapes."""
    source: str
    """The word as it was typed."""
    end: int
    is_open: bool = False
    """Whether a quote in the word is not closed. The word then reaches to the end of the line."""

    @property
    def start(self) -> int:
        """Where the word begins in the line."""
        return self.end - len(self.source)


@dataclass(frozen=True, slots=True)
class OptionScan:
    """The options at the beginning of a line."""

    arguments: tuple[str, ...] = ()
    """The options and their values as arguments for argparse."""
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The values of each option, by argparse's names."""
    option: Option | None = None
    """The last option, if the next word may be its value."""
    is_value_required: bool = False
    """Whether the next word must be the value of that option."""
    prompt: str | None = None
    """The text after the options, as it was typed; `None` if nothing follows."""
    has_separator: bool = False
    """Whether `--` ends the options."""

    @property
    def unknown_flag(self) -> str:
        """The first word of the prompt, if it looks like an option; else empty."""
        match = FLAG_PATTERN.match("" if self.has_separator else self.prompt or "")
        return match[0] if match else ""


def split_words(line: str) -> list[str]:
    """Split a line into words.

    Raises:
        BadOption: A quote is not closed.
    """
    words = list(iter_words(line))
    if words and words[-1].is_open:
        raise BadOption(
            Translatable("A quote on the line is not closed."),
            Translatable("Close it. Put a value that contains a quote in quotes of the other kind."),
        )
    return [word.text for word in words]


def split_at_cursor(line: str) -> tuple[list[Word], str]:
    """Return the words before the cursor, and the source of the word that ends at the cursor."""
    words = list(iter_words(line))
    typed = words.pop().source if words and words[-1].end == len(line) else ""
    return words, typed


def iter_words(line: str, pattern: re.Pattern[str] = WORD_PATTERN) -> Iterator[Word]:
    """Yield the words of a line."""
    for match in pattern.finditer(line):
        parts = match.groupdict()
        if quoted := parts["quoted"]:
            text = parts["name"] + "".join(map(_unquote, QUOTATION_PATTERN.findall(quoted)))
        else:
            text = re.sub(r"\\([^\w\\.])", r"\1", match[0])
        yield Word(text, match[0], match.end(), bool(parts.get("open")))


def _unquote(quotation: str) -> str:
    content = quotation[1:-1]
    return re.sub(r'\\(["\\])', r"\1", content) if quotation.startswith('"') else content


def scan_options(line: str, flags: Mapping[str, Option]) -> OptionScan:
    """Read the options at the beginning of a line, up to the prompt or the end of the line.

    An unclosed quote is text here, because the line may be a prompt.
    """
    arguments: list[str] = []
    given: dict[str, list[str]] = {}
    option, value_count = None, 0
    for word in iter_words(line, LENIENT_WORD_PATTERN):
        flag, equals, _ = word.source.partition("=")
        value = word.text.partition("=")[2]
        if option and _takes_value(option, value_count, word.source):
            given[option.dest].append(word.text)
            value_count += 1
            arguments[-1] = f"{option.flags[-1]}={word.text}"
        elif flag in flags:
            option, value_count = flags[flag], len(equals)
            given.setdefault(option.dest, []).extend([value] if equals else [])
            arguments.append(f"{option.flags[-1]}={value}" if equals else flag)
        elif word.source == "--":
            return OptionScan(tuple(arguments), given, prompt=line[word.end :], has_separator=True)
        else:
            return OptionScan(tuple(arguments), given, prompt=line[word.start :])
    is_required = option is not None and option.requires_value and not value_count
    may_follow = option is not None and (is_required or _accepts_value(option, value_count))
    return OptionScan(tuple(arguments), given, option if may_follow else None, is_required)


def _takes_value(option: Option, value_count: int, source: str) -> bool:
    """Return whether a word is a value of the option before it."""
    if source == "--":
        return False
    if option.requires_value and not value_count:
        return True
    if option.optional_values:
        return not value_count and source in option.optional_values
    return _accepts_value(option, value_count) and not FLAG_PATTERN.match(source)


def _accepts_value(option: Option, value_count: int) -> bool:
    """Return whether a value, or another option, may follow an option that has so many values."""
    return option.argparse.get("nargs") == "+" or bool(option.optional_values and not value_count)
