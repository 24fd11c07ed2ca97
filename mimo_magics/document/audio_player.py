"""A player for audio, as HTML that JupyterLab also shows in a notebook that is not trusted.

The bytes come from a server. So a player gets only complete WAV or MP3 data, with the MIME type of what it contains.
"""

from __future__ import annotations

from urllib.parse import quote as quote_url

from mimo_magics.core.audio import identify_audio
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.media_type import build_data_url
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import wrap_html

MAX_EMBEDDED_BYTES = 2_000_000
"""Limit of audio inside a notebook: 40 seconds of WAV. Each save writes all of it, and a larger page opens slowly."""


def player_bundle(data: bytes, caption: str, *, file_name: str = "") -> dict[str, str]:
    """Return a player as a MIME bundle.

    Args:
        data: the audio.
        caption: the line below the player.
        file_name: the file in the folder of the notebook that has the audio; empty if there is none.
    """
    player = _render_player(data, file_name) or f"<p>{escape_html(translate(_describe_missing(data)))}</p>"
    file_text = translate("file {name}", name=file_name) if file_name else ""
    caption = " · ".join(filter(None, (caption, file_text)))
    html = wrap_html(player + small_html(caption))
    return {"text/html": html, "text/plain": replace_control_characters(caption)}


def _render_player(data: bytes, file_name: str) -> str:
    """Return the element, or an empty text for data that cannot be embedded."""
    info = identify_audio(data)
    if info is None or (len(data) > MAX_EMBEDDED_BYTES and not file_name):
        return ""
    url = quote_url(file_name) or build_data_url(info.mime_type, data)
    # Untrusted notebooks lose the source of an element `source`, but not that of the player itself.
    return f'<audio controls preload="metadata" src="{url}"></audio>'


def _describe_missing(data: bytes) -> str:
    if len(data) <= MAX_EMBEDDED_BYTES:
        return Translatable("This is not a complete WAV or MP3 file, so there is no player.")
    return Translatable(
        "The audio of {size:.1f} MB is too large for a notebook. Save it with .save(PATH).",
        size=len(data) / 1e6,
    )
