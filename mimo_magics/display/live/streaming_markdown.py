"""Growing Markdown: finished blocks are sent once or a few times, the open block each time it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mimo_magics.core.i18n import translate
from mimo_magics.core.text import escape_invisible_characters
from mimo_magics.display.live.code_cells import CodeCells
from mimo_magics.display.live.growing_page import GrowingPage
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.document import styles
from mimo_magics.document.code_block import BLOCK_STYLE, HEAD_STYLE, PRE_STYLE
from mimo_magics.document.highlighting import code_html
from mimo_magics.document.incremental import FENCES, Block, BlockSplitter
from mimo_magics.document.markdown import code_blocks, to_html
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.document.sanitizer import MATH_CLASSES

LONG_FENCE = "`" * 24
"""A fence that no model closes."""
MARKDOWN_FORMATS = ("markdown", "code")
"""The formats whose text is Markdown, of which one shows only the code blocks."""
DISPLAY_MATH = ("$$", "\\[")
"""The beginnings of a formula in a block of its own."""
CLASSES = {
    BLOCK_STYLE: ' class="mimo-block"',
    HEAD_STYLE: ' class="mimo-head"',
    PRE_STYLE: "",
    styles.CODE: "",
}
"""What replaces the styles of a code block. The view has them once, because the tail is sent often."""


class StreamingMarkdown:
    """One growing text.

    Args:
        factory: creates its widgets.
        display_options: how to show it.
        tabbable: the keyboard can focus it, to scroll it without a mouse.
        first_number: the number of its first code block; `None` if code blocks have no numbers.
        code_cells: the choice of a code block, if the user has it.
    """

    def __init__(
        self,
        factory: WidgetFactory,
        display_options: DisplayOptions = DisplayOptions(),
        *,
        tabbable: bool = False,
        first_number: int | None = None,
        code_cells: CodeCells | None = None,
    ) -> None:
        self._factory = factory
        self._display_options = display_options
        self._first_number = first_number
        is_markdown = display_options.format in MARKDOWN_FORMATS
        self._code_cells = code_cells if is_markdown else None
        self._splitter = BlockSplitter("" if is_markdown else f"{LONG_FENCE}{display_options.format}\n")
        self._is_continuation = False
        """Whether the next text continues a block."""
        self._partial_code = ""
        """The first part of a code block that continues."""
        self.code_blocks: list[str] = []
        """The finished code blocks."""
        self.buttons: list[Any] = []
        """The buttons of its code blocks."""
        self._page = GrowingPage(factory)
        self._code_pages: list[GrowingPage] = []
        """The boxes of a code block that continues."""
        self._tail = factory.html(tabbable=tabbable)
        self.box = factory.box(self._page.send(), self._tail)

    def feed(self, text: str) -> None:
        """Add text."""
        self._splitter.feed(text)

    def paint(self) -> None:
        """Send the changes to the page."""
        finished, tail = self._splitter.pop_finished()
        self._send(finished, tail)

    def end(self) -> None:
        """Send the rest of the text, because no more of it follows. Math and code get widgets of their own.

        Other text stays in the tail: a page that is loaded again meanwhile would not know a new widget.
        """
        finished, _ = self._splitter.pop_finished()
        rest = self._splitter.flush()
        self._splitter = BlockSplitter()
        rendered = self._render(Block(rest))
        if MATH_CLASSES in rendered or "<pre" in rendered:
            self._send([*finished, Block(rest)], "")
        else:
            self._send(finished, rest)

    def _send(self, finished: list[Block], tail: str) -> None:
        html = ""
        for block in finished:
            rendered = self._render(block)
            # Parsing every block again for code would double the work.
            buttons = self._collect_code(block) if "<pre" in rendered else ()
            self._is_continuation = block.is_continued
            if self._code_cells and block.source.startswith(FENCES):
                self._add_html(html)
                self._add_code(rendered, buttons)
                html = ""
            else:
                html += rendered
                if buttons:
                    self._add_html(html)
                    self._add_widget(self._factory.box(*buttons, is_row=True, css_classes="mimo-cells"))
                    html = ""
        self._add_html(html)
        self._page.send()
        self._tail.value = self._render_tail(tail)

    def _collect_code(self, block: Block) -> Sequence[Any]:
        """Collect the code of a finished block, and return its buttons. Long code arrives in parts."""
        codes = code_blocks(block.source)
        if self._partial_code:
            codes[:1] = [self._partial_code + "".join(codes[:1])]
        is_part = block.is_continued and block.source.startswith(FENCES)
        self._partial_code = codes.pop() if is_part and codes else ""
        first_number = self._next_number
        self.code_blocks += codes
        return self._create_buttons(codes, first_number, is_nested=not block.source.startswith(FENCES))

    def _create_buttons(
        self, codes: Sequence[str], first_number: int | None, *, is_nested: bool
    ) -> Sequence[Any]:
        """Return buttons for code blocks. Those of nested ones are below the list, so they name the number."""
        cells = self._code_cells
        if cells is None or cells.is_closed or first_number is None:
            return ()
        label = translate("New cell")
        buttons = [
            cells.create_button(code, number, f"{label} · {number}" if is_nested else label)
            for number, code in enumerate(codes, first_number)
            if code.strip()
        ]
        self.buttons += buttons
        return buttons

    @property
    def _next_number(self) -> int | None:
        return None if self._first_number is None else self._first_number + len(self.code_blocks)

    def _render(self, block: Block) -> str:
        html = self._render_content(block.source)
        for name, holds in (("behind", self._is_continuation), ("before", block.is_continued)):
            html = f'<div class="mimo-{name}">{html}</div>' if holds else html
        return html

    def _render_tail(self, tail: str) -> str:
        """Return the HTML of the open block. The page hides an open formula as soon as it has the typeset one."""
        html = self._render(Block(tail))
        return f'<div class="mimo-formula">{html}</div>' if tail.startswith(DISPLAY_MATH) else html

    def _render_content(self, source: str) -> str:
        options = self._display_options
        if options.format not in MARKDOWN_FORMATS:
            return "".join(
                code_html(escape_invisible_characters(code), options.format) for code in code_blocks(source)
            )
        html = to_html(
            source,
            remote_images=options.remote_images,
            code_number=self._next_number,
            continues_code=self._is_continuation and source.startswith(FENCES),
        )
        if options.format == "code" and "<pre" not in html:
            return ""
        for style, class_attribute in CLASSES.items():
            html = html.replace(f' style="{style}"', class_attribute)
        return html

    def _add_html(self, html: str) -> None:
        """Show finished blocks. A block with math gets a widget of its own, because each change of a widget typesets it again."""
        if MATH_CLASSES in html:
            self._add_widget(self._factory.math(html))
        elif html:
            self._make_room(is_needed=self._page.is_chunk_full)
            self._page.add_html(html)

    def _add_code(self, html: str, buttons: Sequence[Any]) -> None:
        """Show a code block, or a part of it, in a box of its own. The last part brings the button."""
        pages = self._code_pages
        if not pages or (pages[-1].is_full and pages[-1].is_chunk_full):
            pages.append(GrowingPage(self._factory, "mimo-code"))
        pages[-1].add_html(html)
        for button in buttons:
            pages[0].add(button)
        for page in pages:
            is_new = page.box is None
            page.send()
            if is_new:
                self._add_widget(page.box)
        if not self._is_continuation:
            pages.clear()

    def _add_widget(self, widget: Any) -> None:
        self._make_room(is_needed=True)
        self._page.add(widget)

    def _make_room(self, *, is_needed: bool) -> None:
        """Begin a new page if the last one is full."""
        if is_needed and self._page.is_full:
            self._page.send()
            self._page = GrowingPage(self._factory)
            *pages, tail = self.box.children
            self.box.children = (*pages, self._page.send(), tail)
