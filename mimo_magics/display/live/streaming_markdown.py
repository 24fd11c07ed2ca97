"""Markdown that grows in the page: finished blocks are sent once, or a few times, and the open one while it changes."""

from __future__ import annotations

from typing import Any

from mimo_magics.display.live.widgets import Parts
from mimo_magics.document.incremental import FENCES, Block, Blocks
from mimo_magics.document.markdown import code_blocks, to_html
from mimo_magics.document.reply import Look
from mimo_magics.document.sanitizer import MATH

CHUNK = 2_000
"""Characters of HTML in a widget from which on what follows goes into a new one."""
PAGE = 16
"""Widgets in a box: the list of them is sent whenever it grows."""
FENCE = "`" * 24
"""Ends no code of anybody."""


class Growing:
    """One text on its way.

    Args:
        parts: makes its widgets.
        look: how to show it.
        reachable: let the keyboard reach it; who has no mouse scrolls it by that.
    """

    def __init__(self, parts: Parts, look: Look = Look(), *, reachable: bool = False) -> None:
        self._parts = parts
        self._images = look.images
        self._blocks = Blocks("" if look.form == "markdown" else f"{FENCE}{look.form}\n")
        self._chunk: Any = None
        """The widget that takes more of finished blocks, and its HTML."""
        self._html = ""
        self._within = False
        """Whether what comes next is the rest of a block."""
        self._fresh: list[Any] = []
        self._code = ""
        """Of a code block that goes on."""
        self.codes: list[str] = []
        """The code blocks that are finished."""
        self._tail = parts.html(reachable=reachable)
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
        rest = Block(self._blocks.end())
        if MATH in to_html(rest.source):
            self._send([*finished, rest], "")
        else:
            self._send(finished, rest.source)
            self._collect(rest)

    def _send(self, finished: list[Block], tail: str) -> None:
        html = ""
        for block in finished:
            rendered = self._rendered(block)
            if "<pre" in rendered:  # parsing each block once more for code would be half of the work
                self._collect(block)
            html += rendered
            self._within = block.goes_on
        if html:
            self._place(html)
            self._lay()
        self._tail.value = self._rendered(Block(tail))

    def _collect(self, block: Block) -> None:
        """Keep the code of a finished block; a long one comes in parts."""
        codes = code_blocks(block.source)
        if self._code:
            codes[:1] = [self._code + "".join(codes[:1])]
        is_part = block.goes_on and block.source.startswith(FENCES)
        self._code = codes.pop() if is_part and codes else ""
        self.codes += codes

    def _rendered(self, block: Block) -> str:
        html = to_html(block.source, images=self._images)
        for name, holds in (("behind", self._within), ("before", block.goes_on)):
            html = f'<div class="mimo-{name}">{html}</div>' if holds else html
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
