"""The one list of what HTML made of a stranger's Markdown may hold, live and saved: whatever else there is goes.

No script, style, form, media, SVG, MathML, id or data attribute, and no class but our own few.
"""

from __future__ import annotations

import re
from functools import cache

import nh3

MATH_CLASSES = "mathjax_process tex2jax_process"
NO_MATH_CLASSES = "mathjax_ignore tex2jax_ignore"
"""What MathJax of JupyterLab 4, Notebook 7 and nbconvert looks for."""

BLOCK_TAGS = "blockquote div h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody td th thead tr ul"
INLINE_TAGS = "a br code del em s span strong"
DIRECTIONAL_TAGS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "div")
"""Elements whose text tells the direction that it is read in."""

URL_SCHEMES = {"http", "https", "mailto"}
EXTERNAL_URL = re.compile(r"https?://[^/?#\\]|mailto:.", re.IGNORECASE)
MAX_URL_CHARS = 4_000
"""A reference repeats its address each time that it is used."""
LINK_REL = "noopener noreferrer nofollow"


def sanitize_html(dirty: str, *, remote_images: bool = False) -> str:
    """Return the HTML with nothing in it but what the list allows.

    Args:
        dirty: HTML of any origin.
        remote_images: let pictures be loaded from the web.
    """
    return nh3.clean(
        dirty,
        tags={*BLOCK_TAGS.split(), *INLINE_TAGS.split(), *(["img"] if remote_images else [])},
        attributes=_allowed_attributes(),
        allowed_classes=_allowed_classes(),
        url_schemes=URL_SCHEMES,
        link_rel=LINK_REL,
    )


def is_external_url(url: str) -> bool:
    """Allow a link only to the web or to a mailbox: one without a host would lead into the reader's own server."""
    return len(url) <= MAX_URL_CHARS and bool(EXTERNAL_URL.match(url))


@cache
def _allowed_attributes() -> dict[str, set[str]]:
    attributes = {"a": {"href", "title"}, "ol": {"start"}, "img": {"src", "alt", "referrerpolicy"}}
    return {**attributes, **{tag: {"dir"} for tag in DIRECTIONAL_TAGS}, "div": {"dir", "align"}}


@cache
def _allowed_classes() -> dict[str, set[str]]:
    from pygments.token import STANDARD_TYPES

    return {
        "span": {*MATH_CLASSES.split(), *filter(None, STANDARD_TYPES.values())},
        "div": {*MATH_CLASSES.split()},
        "pre": {"highlight"},
    }
