"""Audio in a response: base64 in one piece, or in pieces that a server cuts at any character."""

from __future__ import annotations

import binascii
import re

from mimo_magics.core.errors import WireError
from mimo_magics.core.i18n import Translatable

WHITE_SPACE = re.compile(r"\s+")
GROUP = re.compile(r"[^=]+={0,2}")
"""Base64 up to its padding. Some servers encode each piece for itself, so that padding ends each of them."""


class AudioDecoder:
    """Decodes the audio of one response."""

    def __init__(self) -> None:
        self._rest = ""
        """Less than four characters, which the next piece completes."""

    def feed(self, piece: str) -> bytes:
        """Return the bytes of a piece.

        Raises:
            WireError: the data is not base64.
        """
        text = self._rest + WHITE_SPACE.sub("", piece)
        complete = len(text) - len(text) % 4
        self._rest = text[complete:]
        return _decode(text[:complete])

    def close(self) -> bytes:
        """Return the bytes of a last piece without its padding. A single character encodes no byte."""
        text, self._rest = self._rest, ""
        return _decode(text + "=" * (4 - len(text))) if len(text) > 1 else b""


def _decode(text: str) -> bytes:
    groups = GROUP.findall(text)
    try:
        data = b"".join(binascii.a2b_base64(group, strict_mode=True) for group in groups)
    except ValueError:
        data = b""
    if sum(map(len, groups)) != len(text) or (text and not data):
        raise WireError(Translatable("The server sent audio that is not valid base64."))
    return data
