"""The one list of what HTML made of a stranger's Markdown may hold, live and saved: whatever else there is goes.

No script, style, form, media, SVG, MathML, id or data attribute, and no class but our own few.
"""

from __future__ import annotations

import re
from functools import cache

import nh3

MATH = "mathjax_process tex2jax_process"
NO_MATH = "mathjax_ignore tex2jax_ignore"
"""What MathJax of JupyterLab 4, Notebook 7 and nbconvert looks for."""

BLOCKS = "blockquote div h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody td th thead tr ul"
WORDS = "a br code del em s span strong"
DIRECTED = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "div")
"""Elements whose text tells the direction that it is read in."""

SCHEMES = {"http", "https", "mailto"}
OUTWARDS = re.compile(r"https?://[^/?#\\]|mailto:.", re.IGNORECASE)
REL = "noopener noreferrer nofollow"


def clean(dirty: str, *, images: bool = False) -> str:
    """Return the HTML with nothing in it but what the list allows.

    Args:
        dirty: HTML of any origin.
        images: let pictures be loaded from the web.
    """
    return nh3.clean(
        dirty,
        tags={*BLOCKS.split(), *WORDS.split(), *(["img"] if images else [])},
        attributes=_attributes(),
        allowed_classes=_classes(),
        url_schemes=SCHEMES,
        link_rel=REL,
    )


def leads_out(url: str) -> bool:
    """Allow a link only to the web or to a mailbox: one without a host would lead into the reader's own server."""
    return bool(OUTWARDS.match(url))


@cache
def _attributes() -> dict[str, set[str]]:
    own = {"a": {"href", "title"}, "ol": {"start"}, "img": {"src", "alt", "referrerpolicy"}}
    return {**own, **{tag: {"dir"} for tag in DIRECTED}, "div": {"dir", "align"}}


@cache
def _classes() -> dict[str, set[str]]:
    from pygments.token import STANDARD_TYPES

    return {
        "span": {*MATH.split(), *filter(None, STANDARD_TYPES.values())},
        "div": {*MATH.split()},
        "pre": {"highlight"},
    }
