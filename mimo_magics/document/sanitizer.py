"""The allow-list of the HTML of untrusted Markdown, in the live view and in documents. Everything else is removed.

It has no script, form, media, SVG, MathML, id or data attribute, and only a few classes and fixed styles of this package.
"""

from __future__ import annotations

import re
from functools import cache

import nh3

from mimo_magics.document import styles
from mimo_magics.document.code_block import BLOCK_STYLE, HEAD_STYLE, PRE_STYLE

MATH_CLASSES = "mathjax_process tex2jax_process"
NO_MATH_CLASSES = "mathjax_ignore tex2jax_ignore"
"""The classes that MathJax checks in JupyterLab 4, Notebook 7 and nbconvert."""

BLOCK_TAGS = "blockquote div h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody td th thead tr ul"
INLINE_TAGS = "a br code del em s span strong"
DIRECTIONAL_TAGS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "div")
"""Elements whose text decides its own writing direction (`dir`)."""
ALLOWED_ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "img": {"src", "alt", "referrerpolicy"},
    **{tag: {"dir"} for tag in DIRECTIONAL_TAGS},
    "div": {"dir", "align"},
}
ALLOWED_STYLES = {
    "div": {BLOCK_STYLE, HEAD_STYLE},
    "pre": {PRE_STYLE, styles.SCROLL},
    "code": {styles.CODE},
    "li": {styles.TASK},
}
"""Whole values of the attribute, by element."""
FOCUS = {"pre": {"tabindex": {"0"}}}
"""Elements that the keyboard can focus, to scroll them."""

URL_SCHEMES = {"http", "https", "mailto"}
EXTERNAL_URL = re.compile(r"https?://[^/?#\\]|mailto:.", re.IGNORECASE)
MAX_URL_CHARS = 4_000
"""Limit of a URL. A Markdown reference repeats its URL at each use."""
LINK_REL = "noopener noreferrer nofollow"


def sanitize_html(dirty: str, *, remote_images: bool = False) -> str:
    """Return the HTML without everything that the allow-list does not contain.

    Args:
        dirty: untrusted HTML.
        remote_images: allow images from other hosts.
    """
    return nh3.clean(
        dirty,
        tags={*BLOCK_TAGS.split(), *INLINE_TAGS.split(), *(["img"] if remote_images else [])},
        attributes=ALLOWED_ATTRIBUTES,
        allowed_classes=_allowed_classes(),
        tag_attribute_values={
            tag: {"style": values, **FOCUS.get(tag, {})} for tag, values in ALLOWED_STYLES.items()
        },
        set_tag_attribute_values={"tr": {"style": styles.PLAIN_ROW}},
        url_schemes=URL_SCHEMES,
        link_rel=LINK_REL,
    )


def is_external_url(url: str) -> bool:
    """Return whether a URL has a host or is a mail address. A URL without a host would point to the Jupyter server."""
    return len(url) <= MAX_URL_CHARS and bool(EXTERNAL_URL.match(url))


@cache
def _allowed_classes() -> dict[str, set[str]]:
    from pygments.token import STANDARD_TYPES

    return {
        "span": {*MATH_CLASSES.split(), *filter(None, STANDARD_TYPES.values())},
        "div": {*MATH_CLASSES.split()},
        "pre": {"highlight"},
    }
