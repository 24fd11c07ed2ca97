"""Markdown that grows in the page: finished blocks are sent once, or a few times, and the open one while it changes."""

from __future__ import annotations

from typing import Any

from mimo_magics.render.allow_list import MATH
from mimo_magics.render.blocks import Block, Blocks
from mimo_magics.render.document import Look
from mimo_magics.render.live.parts import Parts
from mimo_magics.render.markdown import to_html

CHUNK = 2_000
"""Characters of HTML in a widget from which on what follows goes into a new one."""
PAGE = 16
"""Widgets in a box: the list of them is sent whenever it grows."""
FENCE = "`" * 24
"""Ends no code of anybody."""


class Growing:
    """One text on its way."""

    def __init__(self, parts: Parts, look: Look = Look()) -> None:
        self._parts = parts
        self._images = look.images
        self._blocks = Blocks("" if look.form == "markdown" else f"{FENCE}{look.form}\n")
        self._chunk: Any = None
        """The widget that takes more of finished blocks, and its HTML."""
        self._html = ""
        self._within = False
        """Whether what comes next is the rest of a block."""
        self._fresh: list[Any] = []
        self._tail = parts.html()
        self.box = parts.box(parts.box(), self._tail)

    def feed(self, text: str) -> None:
        """Take more of the text in."""
        self._blocks.feed(text)

    def paint(self) -> None:
        """Send what is new."""
        finished, tail = self._blocks.take()
        self._send(finished, tail)

    def end(self) -> None:
        """Send what is left: no more comes. It stays in the tail, unless it has math, which is not typeset there."""
        finished, _ = self._blocks.take()
        rest = self._blocks.end()
        has_math = MATH in to_html(rest)
        self._send([*finished, Block(rest)] if has_math else finished, "" if has_math else rest)

    def _send(self, finished: list[Block], tail: str) -> None:
        if html := "".join(map(self._rendered, finished)):
            self._place(html)
            self._lay()
        self._tail.value = self._rendered(Block(tail))

    def _rendered(self, block: Block) -> str:
        html = to_html(block.source, images=self._images)
        for name, holds in (("behind", self._within), ("before", block.goes_on)):
            html = f'<div class="mimo-{name}">{html}</div>' if holds else html
        self._within = block.goes_on
        return html

    def _place(self, html: str) -> None:
        """Show finished blocks. Those with math have a widget for good, as each change of it is typeset anew."""
        if MATH in html:
            self._fresh.append(self._parts.math(html))
            self._chunk, self._html = None, ""
        elif self._chunk is None or len(self._html) > CHUNK:
            self._chunk, self._html = self._parts.html(html), html
            self._fresh.append(self._chunk)
        else:
            self._html += html
            self._chunk.value = self._html

    def _lay(self) -> None:
        """Put new widgets behind the others."""
        *_, page, tail = self.box.children
        for widget in self._fresh:
            if len(page.children) == PAGE:
                page = self._parts.box()
                self.box.children = (*self.box.children[:-1], page, tail)
            page.children = (*page.children, widget)
        self._fresh.clear()
