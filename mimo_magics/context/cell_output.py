"""The outputs of a notebook cell as text for a model, and their pictures.

An output is a JSON object, as a notebook saves it. It is untrusted: a notebook may come from somebody else.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mimo_magics.context.html_table import find_tables
from mimo_magics.core.messages import ImagePart

ANSI_PATTERN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Escape sequences of terminals: colors, cursor movements, titles and links."""
OBJECT_TEXT_PATTERN = re.compile(r"<[^<>\n]*>")
"""The text of an object that has no text of its own, such as `<Figure size 640x480 with 1 Axes>`."""
IMAGE_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MAX_IMAGE_CHARS = 14_000_000
"""Characters of an image in base64: 10 MB."""
ERROR_NAME_PATTERN = re.compile(r"[^\W\d][\w.]{0,99}")


def find_error(outputs: Sequence[Mapping[str, Any]]) -> str:
    """Return the type of the error that ended a cell; empty if it did not fail."""
    errors = (_as_text(each.get("ename")) for each in outputs if each.get("output_type") == "error")
    return next((name if ERROR_NAME_PATTERN.fullmatch(name) else "an error" for name in errors), "")


def read_text(output: Mapping[str, Any]) -> str:
    """Return the text of an output; empty if it has none, or only a picture."""
    match output.get("output_type"):
        case "stream":
            return _clean(_as_text(output.get("text")))
        case "error":
            return _clean("\n".join(_as_lines(output.get("traceback"))))
    data = output.get("data")
    return _read_data(data) if isinstance(data, Mapping) else ""


def find_image(output: Mapping[str, Any]) -> ImagePart | None:
    """Return the picture of an output, if it is a PNG or a JPEG image."""
    data = output.get("data")
    if not isinstance(data, Mapping):
        return None
    for kind, signature in IMAGE_SIGNATURES.items():
        text = "".join(_as_text(data.get(kind)).split())
        if 0 < len(text) <= MAX_IMAGE_CHARS and _decode(text).startswith(signature):
            return ImagePart(f"data:{kind};base64,{text}")
    return None


def _decode(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return b""


def _read_data(data: Mapping[str, Any]) -> str:
    """Return the best text of a rich output: its own text, its HTML tables, or the text of the object."""
    plain = _clean(_as_text(data.get("text/plain")))
    if plain and not OBJECT_TEXT_PATTERN.fullmatch(plain.strip()):
        return plain
    markdown = _clean(_as_text(data.get("text/markdown")))
    has_image = any(kind in data for kind in IMAGE_SIGNATURES)
    return find_tables(_as_text(data.get("text/html"))) or markdown or ("" if has_image else plain)


def _clean(text: str) -> str:
    """Return a text without escape sequences, as a terminal would show its lines in the end."""
    text = ANSI_PATTERN.sub("", text).replace("\r\n", "\n")
    return "\n".join(map(_last_version, text.split("\n"))).strip("\n") if "\r" in text else text.strip("\n")


def _last_version(line: str) -> str:
    """Return what is left of a line that was overwritten, as progress bars do."""
    return next((part for part in reversed(line.split("\r")) if part), "")


def _as_text(value: object) -> str:
    """Return a text of a notebook, which may be a list of lines."""
    return value if isinstance(value, str) else "".join(_as_lines(value))


def _as_lines(value: object) -> Iterator[str]:
    yield from (each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
