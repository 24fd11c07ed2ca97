"""The buttons that put a code block into a new cell. One block can be chosen in a run; the last click wins."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mimo_magics.core.i18n import translate
from mimo_magics.core.text import join_surrogates
from mimo_magics.display.live.widgets import WidgetFactory


class CodeCells:
    """The choice of a code block, and the button that has it."""

    def __init__(self, factory: WidgetFactory) -> None:
        self._factory = factory
        self.is_closed = False
        """Whether no choice is possible any more, because the run is over."""
        self._selected_button: Any = None
        self._selected_code = self._selected_label = ""

    @property
    def code(self) -> str | None:
        """The code of the chosen block."""
        return join_surrogates(self._selected_code).rstrip("\n") if self._selected_button else None

    def create_button(self, code: str, number: int, label: str) -> Any:
        """Return the button of a code block."""
        tooltip = translate("Insert code block {number} in a new cell after the run", number=number)
        button = self._factory.button(label, "plus", lambda: self._select(button, code, label), tooltip)
        return button

    def forget(self, buttons: Collection[Any]) -> None:
        """Forget the choice if one of these buttons has it, because they are removed."""
        if self._selected_button in buttons:
            self._selected_button = None

    def _select(self, button: Any, code: str, label: str) -> None:
        """Move the mark to this button, or remove it on a second click."""
        previous_button = self._selected_button
        if previous_button:
            previous_button.description, previous_button.icon = self._selected_label, "plus"
        self._selected_button = None if previous_button is button else button
        if self._selected_button:
            self._selected_code, self._selected_label = code, label
            button.description = translate("Selected: new cell after the run")
            button.icon = "check"
