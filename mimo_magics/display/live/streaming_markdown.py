"""Growing Markdown: finished blocks are sent once or a few times, the open block each time it changes."""

from __future__ import annotations

from typing import Any

from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.document.incremental import FENCES, Block, BlockSplitter
from mimo_magics.document.markdown import code_blocks, to_html
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.document.sanitizer import MATH_CLASSES

MAX_CHUNK_CHARS = 2_000
"""Characters of HTML after which the next block gets a new widget."""
MAX_WIDGETS_PER_BOX = 16
"""Maximum number of widgets in a box, because the whole list is sent each time it grows."""
LONG_FENCE = "`" * 24
"""A fence that no model closes."""


class StreamingMarkdown:
    """One growing text.

    Args:
        factory: creates its widgets.
        display_options: how to show it.
        tabbable: the keyboard can focus it, to scroll it without a mouse.
    """

    def __init__(
        self,
        factory: WidgetFactory,
        display_options: DisplayOptions = DisplayOptions(),
        *,
        tabbable: bool = False,
    ) -> None:
        self._factory = factory
        self._remote_images = display_options.remote_images
        self._splitter = BlockSplitter(
            "" if display_options.format == "markdown" else f"{LONG_FENCE}{display_options.format}\n"
        )
        self._chunk_widget: Any = None
        """The widget that the next finished block is added to, and its HTML."""
        self._chunk_html = ""
        self._is_continuation = False
        """Whether the next text continues a block."""
        self._new_widgets: list[Any] = []
        self._partial_code = ""
        """The first part of a code block that continues."""
        self.code_blocks: list[str] = []
        """The finished code blocks."""
        self._tail = factory.html(tabbable=tabbable)
        self.box = factory.box(factory.box(), self._tail)

    def feed(self, text: str) -> None:
        """Add text."""
        self._splitter.feed(text)

    def paint(self) -> None:
        """Send the changes to the page."""
        finished, tail = self._splitter.pop_finished()
        self._send(finished, tail)

    def end(self) -> None:
        """Send the rest of the text to the tail, or to a widget that typesets math if it contains math."""
        finished, _ = self._splitter.pop_finished()
        rest = Block(self._splitter.flush())
        if MATH_CLASSES in to_html(rest.source):
            self._send([*finished, rest], "")
        else:
            self._send(finished, rest.source)
            self._collect_code(rest)

    def _send(self, finished: list[Block], tail: str) -> None:
        html = ""
        for block in finished:
            rendered = self._render(block)
            # Parsing every block again for code would double the work.
            if "<pre" in rendered:
                self._collect_code(block)
            html += rendered
            self._is_continuation = block.is_continued
        if html:
            self._append_html(html)
            self._append_widgets()
        self._tail.value = self._render(Block(tail))

    def _collect_code(self, block: Block) -> None:
        """Collect the code of a finished block. Long code arrives in parts."""
        codes = code_blocks(block.source)
        if self._partial_code:
            codes[:1] = [self._partial_code + "".join(codes[:1])]
        is_part = block.is_continued and block.source.startswith(FENCES)
        self._partial_code = codes.pop() if is_part and codes else ""
        self.code_blocks += codes

    def _render(self, block: Block) -> str:
        html = to_html(block.source, remote_images=self._remote_images)
        for name, holds in (("behind", self._is_continuation), ("before", block.is_continued)):
            html = f'<div class="mimo-{name}">{html}</div>' if holds else html
        return html

    def _append_html(self, html: str) -> None:
        """Show finished blocks. A block with math gets a widget of its own, because each change of a widget typesets it again."""
        if MATH_CLASSES in html:
            self._new_widgets.append(self._factory.math(html))
            self._chunk_widget, self._chunk_html = None, ""
        elif self._chunk_widget is None or len(self._chunk_html) > MAX_CHUNK_CHARS:
            self._chunk_widget, self._chunk_html = self._factory.html(html), html
            self._new_widgets.append(self._chunk_widget)
        else:
            self._chunk_html += html
            self._chunk_widget.value = self._chunk_html

    def _append_widgets(self) -> None:
        """Add the new widgets after the others."""
        *_, last_box, tail = self.box.children
        for widget in self._new_widgets:
            if len(last_box.children) == MAX_WIDGETS_PER_BOX:
                last_box = self._factory.box()
                self.box.children = (*self.box.children[:-1], last_box, tail)
            last_box.children = (*last_box.children, widget)
        self._new_widgets.clear()
