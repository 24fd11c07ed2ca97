"""The parameter panel: sliders and buttons that are linked both ways with the settings store.

The widgets exist as long as their kernel. The plain output below them is saved with the notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.display.output import Output, display_bundle
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import get_display_target
from mimo_magics.notebook.panel.layout import PanelLayout
from mimo_magics.notebook.panel.listing import ModelListLoader
from mimo_magics.notebook.panel.state import (
    NOTHING_TO_RESTORE,
    OBSERVED_SETTINGS,
    PanelState,
    build_restore_line,
    read_panel_state,
    summary_bundle,
)

MAX_OPEN_PANELS = 3
"""Maximum number of open panels. A new panel closes the oldest one."""
NEW_CELL_NOTICE = Translatable("The cell will be inserted below the next cell that you run.")


class Panel:
    """One panel.

    Args:
        config: the settings store.
        shell: the shell of the notebook.
        footer: a widget to show below the controls.
        on_close: is called when the panel is closed, to close the footer.
    """

    def __init__(
        self,
        config: MimoConfig,
        shell: Any,
        footer: Any = None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._shell = shell
        self._footer = footer
        self._on_close = on_close
        self._output = Output()
        self._shown_bundle: dict[str, str] = {}
        self._layout: PanelLayout | None = None
        self._model_list_loader = ModelListLoader(config, self._update)

    def show(self) -> None:
        """Show the panel: widgets in a notebook that a user watches, otherwise the table."""
        target = get_display_target(self._shell)
        if target == "front end":
            self.open()
            return
        bundle = summary_bundle(read_panel_state(self._config))
        if target == "terminal":
            # A terminal shows no HTML.
            print(replace_unencodable_characters(bundle["text/plain"]))  # noqa: T201
        else:
            display_bundle(bundle)

    def open(self) -> PanelLayout:
        """Show the widgets and the table below them. Both follow the store from now on."""
        state = read_panel_state(self._config)
        layout = self._layout = PanelLayout(self._write, self._insert, self._footer)
        layout.paint(state)
        display_bundle(layout.bundle)
        self._update_summary(state)
        self._model_list_loader.load(state.settings)
        self._config.observe(self._update, OBSERVED_SETTINGS)
        _open_panels.append(self)
        for old_panel in _open_panels[:-MAX_OPEN_PANELS]:
            old_panel.close()
        return layout

    def close(self) -> None:
        """Remove the widgets and stop following the store. The table stays."""
        if self._layout:
            self._config.unobserve(self._update, OBSERVED_SETTINGS)
            self._layout.close()
            self._layout = None
            _open_panels.remove(self)
            self._on_close()

    def _update(self, _: object = None) -> None:
        """Show the stored settings."""
        if self._layout is None:
            return
        try:
            state = read_panel_state(self._config)
        except BadOption as error:
            self._layout.show_status(" ".join(error.lines))
            return
        self._layout.paint(state)
        self._update_summary(state)
        self._model_list_loader.load(state.settings)

    def _update_summary(self, state: PanelState) -> None:
        bundle = summary_bundle(state, is_folded=True)
        if bundle != self._shown_bundle:
            self._shown_bundle = bundle
            self._output.update(bundle)

    def _write(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self._config, name, value)
        # A control may have been moved to the stored value.
        self._update()

    def _insert(self) -> str:
        return translate(
            NEW_CELL_NOTICE if insert_restore_cell(self._config, self._shell) else NOTHING_TO_RESTORE
        )


def insert_restore_cell(config: MimoConfig, shell: Any) -> bool:
    """Insert a cell that restores the settings, and return whether there is anything to restore.

    A front end inserts the cell when the running cell is over, or after the next cell that runs.
    """
    line = build_restore_line(read_panel_state(config))
    if line:
        shell.set_next_input(line)
    return bool(line)


_open_panels: list[Panel] = []


def close_all() -> None:
    """Close the panels of this kernel."""
    for panel in [*_open_panels]:
        panel.close()
