"""The encoding of a text file: a byte order mark, UTF-8, UTF-16 without a mark, else a guess by charset-normalizer."""

from __future__ import annotations

import codecs
import re

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    # The mark of UTF-32 begins with that of UTF-16.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CANDIDATES = [
    "big5",
    "gb18030",
    "cp932",
    "euc_jp",
    "cp949",
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
]
"""The encodings to guess. Rarer ones would make the guess worse."""
LATIN_ENCODINGS = ("cp1250", "cp1254")
"""Encodings that a guess cannot tell from cp1252, which is far more common, in a short text."""
SYMBOL_IN_WORD = re.compile(r"[^\W\d_][\xa1-\xbf\xd7\xf7][^\W\d_]")
"""A symbol between letters: the text of another Latin encoding that was decoded as cp1252."""
SAMPLE_BYTES = 65_536
NUL_SHARE = 0.3
"""Part of the bytes that are zero, from which a text is UTF-16. Half of the bytes of English text are."""
MAX_CONTROL_SHARE = 0.02
"""Part of the bytes that are control characters, above which data is not text."""
CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\n\f\r\x1b")


class NotText(ValueError):
    """The data is not text."""


class UnknownEncoding(ValueError):
    """The text is not Unicode, and no package that guesses encodings is installed."""


def detect_encoding(data: bytes) -> str:
    """Return the encoding of a text from its first bytes.

    Raises:
        NotText: the data is not text.
        UnknownEncoding: charset-normalizer is needed, and is not installed.
    """
    sample = data[:SAMPLE_BYTES]
    for mark, encoding in MARKS.items():
        if sample.startswith(mark):
            return encoding
    if b"\0" in sample:
        return _detect_utf_16(sample)
    if len(sample.translate(None, CONTROL_BYTES)) < len(sample) * (1 - MAX_CONTROL_SHARE):
        raise NotText
    if _is_utf_8(sample):
        return "utf-8"
    return _guess_encoding(sample)


def decode_text(data: bytes, encoding: str) -> str:
    """Return the text of a part of a file. Characters that its ends cut, and wrong ones, are left out."""
    return data.decode(encoding, "ignore")


def _is_utf_8(sample: bytes) -> bool:
    """Return whether a sample is UTF-8. Its end may cut a character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _detect_utf_16(sample: bytes) -> str:
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < NUL_SHARE * len(sample) / 2 or min(even, odd) > max(even, odd) / 10:
        raise NotText
    return "utf-16-le" if odd > even else "utf-16-be"


def _guess_encoding(sample: bytes) -> str:
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        raise UnknownEncoding from None
    best = from_bytes(sample, cp_isolation=CANDIDATES).best()
    encoding = best.encoding if best else "cp1252"
    if encoding in LATIN_ENCODINGS and not SYMBOL_IN_WORD.search(decode_text(sample, "cp1252")):
        return "cp1252"
    return encoding
