"""A reply as widgets: its groups of steps and its texts, and beneath them the Stop button and a line of figures."""

from __future__ import annotations

from typing import Any, TypeVar

from mimo_magics.document import Look
from mimo_magics.document.printable import escaped
from mimo_magics.events import (
    Event,
    Noted,
    ReasoningDelta,
    TextDelta,
    Told,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.messages import whole_characters
from mimo_magics.render import Cell
from mimo_magics.render.live.growing import Growing
from mimo_magics.render.live.parts import STYLE, Parts
from mimo_magics.render.live.steps import Steps
from mimo_magics.render.progress import Progress

Section = TypeVar("Section", Steps, Growing)


class View:
    """The widgets of one turn.

    Args:
        look: how to show the reply.
        progress: what its last line tells; fed by the owner.
        cell: the cell that it is shown in.
    """

    def __init__(self, look: Look, progress: Progress, cell: Cell) -> None:
        self._cell = cell
        self._parts = Parts()
        self._look = look
        self._progress = progress
        self._sections: list[Steps | Growing] = []
        self._body = self._parts.box()
        button = self._parts.button("Stop", "stop", cell.stop, "Stop the answer; what has come is kept")
        self._state = self._parts.html()
        self._figures = self._parts.html()
        self._foot = self._parts.box(button, self._state, self._figures, row=True, names="mimo-foot")
        self._codes: Any = None
        """The number of the code block that goes into a new cell; made when there is one."""
        names = "mimo-live jp-RenderedHTMLCommon"
        self._root = self._parts.box(self._parts.html(STYLE), self._body, self._foot, names=names)
        self.paint()

    @property
    def bundle(self) -> dict[str, Any]:
        """What shows it in a notebook."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self._root.model_id}
        return {"application/vnd.jupyter.widget-view+json": view, "text/plain": "…"}

    @property
    def opened(self) -> frozenset[int]:
        """Numbers of the groups of steps that the person unfolded."""
        groups = [section for section in self._sections if isinstance(section, Steps)]
        return frozenset(n for n, steps in enumerate(groups) if steps.by_hand and steps.is_open)

    @property
    def wanted_code(self) -> str | None:
        """The code block that the person wants in a new cell."""
        number = self._codes.value if self._codes else 0
        texts = [section for section in self._sections if isinstance(section, Growing)]
        codes = ["", *(code for text in texts for code in text.codes)]
        return whole_characters(codes[number]).rstrip("\n") if 0 < number < len(codes) else None

    def show(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case TextDelta(text) if text:
                self._text().feed(text)
            case ReasoningDelta(text) if text:
                self._steps().feed(event)
            case ToolCallStart() | ToolCallDelta():
                self._steps().feed(event)
            case ToolProgress():
                for section in self._sections:
                    if isinstance(section, Steps):
                        section.feed(event)
            case Noted(text):
                self._remark(f'<p dir="auto">⚠ {escaped(text)}</p>')
            case Told(text):
                self._remark(f'<p dir="auto"><small>{escaped(text)}</small></p>')

    def paint(self) -> None:
        """Send what is new."""
        if self._sections:
            self._sections[-1].paint()
        self._offer()
        self._state.value = f'<span role="status">{escaped(self._progress.state)}</span>'
        self._figures.value = escaped(self._progress.figures)

    def end(self, footer: str) -> None:
        """Nothing more comes: show all of it, also to a page that will not get the document."""
        if self._sections:
            self._sections[-1].end()
        self._figures.value = escaped(footer)
        self._foot.children = (self._figures,)

    def close(self) -> None:
        """Take the widgets away."""
        self._parts.close()

    def _offer(self) -> None:
        """Offer a new cell for code once some is there. The page changes its cells only when this one is over."""
        last = self._sections[-1] if self._sections else None
        if self._codes is None and isinstance(last, Growing) and last.codes:
            tooltip = (
                "Which code block of the answer goes into a new cell below when the answer is whole; 0: none"
            )
            self._codes = self._parts.number("New cell with code block", tooltip)
            self._foot.children = (*self._foot.children, self._codes)

    def _remark(self, html: str) -> None:
        self._body.children = (*self._body.children, self._parts.html(html))

    def _text(self) -> Growing:
        last = self._sections[-1] if self._sections else None
        return last if isinstance(last, Growing) else self._begin(Growing(self._parts, self._look))

    def _steps(self) -> Steps:
        last = self._sections[-1] if self._sections else None
        return last if isinstance(last, Steps) else self._begin(Steps(self._parts, self._cell.approve))

    def _begin(self, section: Section) -> Section:
        if self._sections:
            self._sections[-1].end()
        self._sections.append(section)
        self._body.children = (*self._body.children, section.box)
        return section
