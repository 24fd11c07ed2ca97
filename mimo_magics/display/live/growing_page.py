"""A box of a growing text. Its HTML is in few widgets, and no widget is large, because each change sends one again."""

from __future__ import annotations

from typing import Any

from mimo_magics.display.live.widgets import WidgetFactory

MAX_CHUNK_CHARS = 2_000
"""Characters of HTML after which the next block gets a new widget."""
MAX_WIDGETS_PER_BOX = 16
"""Maximum number of widgets in a box, because the whole list is sent each time it grows."""


class GrowingPage:
    """A box with a limited number of widgets. It is created with its first ones."""

    def __init__(self, factory: WidgetFactory, css_classes: str = "") -> None:
        self._factory = factory
        self._chunk_widget: Any = None
        """The widget that the next HTML is added to, and its HTML."""
        self._chunk_html = ""
        self._new_widgets: list[Any] = []
        self._css_classes = css_classes
        self.box: Any = None
        """The box; `None` until something was sent."""

    @property
    def is_full(self) -> bool:
        """Whether the next widget needs another page."""
        sent_count = len(self.box.children) if self.box else 0
        return sent_count + len(self._new_widgets) >= MAX_WIDGETS_PER_BOX

    @property
    def is_chunk_full(self) -> bool:
        """Whether the next HTML needs another widget."""
        return self._chunk_widget is None or len(self._chunk_html) > MAX_CHUNK_CHARS

    def add_html(self, html: str) -> None:
        """Add HTML to the last widget, or in a new one."""
        if self.is_chunk_full:
            self._chunk_widget, self._chunk_html = self._factory.html(html), html
            self._new_widgets.append(self._chunk_widget)
        else:
            self._chunk_html += html
            self._chunk_widget.value = self._chunk_html

    def add(self, widget: Any) -> None:
        """Add a widget. The next HTML goes below it."""
        self._new_widgets.append(widget)
        self._chunk_widget = None

    def send(self) -> Any:
        """Send the new widgets, and return the box."""
        if self.box is None:
            self.box = self._factory.box(*self._new_widgets, css_classes=self._css_classes)
        elif self._new_widgets:
            self.box.children = (*self.box.children, *self._new_widgets)
        self._new_widgets.clear()
        return self.box
