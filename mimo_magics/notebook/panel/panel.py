"""The panel: the parameters of the present model as sliders and buttons, linked both ways with the store of settings.

The widgets live as long as their kernel; below them stands a plain output, which a saved notebook keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from IPython.display import display

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words, say
from mimo_magics.display.output import Slot
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import place
from mimo_magics.notebook.panel import summary
from mimo_magics.notebook.panel.layout import Board
from mimo_magics.notebook.panel.listing import Listing
from mimo_magics.notebook.panel.state import FOLLOWED, Situation, situation

KEPT = 3
"""Panels that stay linked; an older one is closed when a newer one comes."""
COMES = Words("It comes below the next cell that you run.")


class Panel:
    """One view of the settings.

    Args:
        config: the store that it is linked with.
        shell: of the notebook.
        foot: a widget to go below the controls.
        closed: called when the panel is closed, to close what belongs to the foot.
    """

    def __init__(
        self,
        config: MimoConfig,
        shell: Any,
        foot: Any = None,
        closed: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._shell = shell
        self._foot = foot
        self._closed = closed
        self._slot = Slot()
        self._shown: dict[str, str] = {}
        self._board: Board | None = None
        self._listing = Listing(config, self._follow)

    def show(self) -> None:
        """Show it where the cell runs. Widgets are for who watches a notebook; all others get the table."""
        where = place(self._shell)
        if where == "front end":
            self.open()
            return
        bundle = summary.bundle(situation(self._config))
        if where == "terminal":
            print(bundle["text/plain"])  # noqa: T201  a console shows no tables
        else:
            display(bundle, raw=True)

    def open(self) -> Board:
        """Show the widgets and, below them, the table; both follow the store from now on."""
        now = situation(self._config)
        board = self._board = Board(self._write, self._insert, self._foot)
        board.paint(now)
        display(board.bundle, raw=True)
        self._tell(now)
        self._listing.ask(now.settings)
        self._config.observe(self._follow, FOLLOWED)
        _open.append(self)
        for old in _open[:-KEPT]:
            old.close()
        return board

    def close(self) -> None:
        """Follow the store no longer, and take the widgets away. The table stays."""
        if self._board:
            self._config.unobserve(self._follow, FOLLOWED)
            self._board.close()
            self._board = None
            _open.remove(self)
            self._closed()

    def _follow(self, _: object = None) -> None:
        """Show what the store says."""
        if self._board is None:
            return
        try:
            now = situation(self._config)
        except BadOption as error:
            self._board.say(" ".join(error.said))
            return
        self._board.paint(now)
        self._tell(now)
        self._listing.ask(now.settings)

    def _tell(self, now: Situation) -> None:
        bundle = summary.bundle(now)
        if bundle != self._shown:
            self._shown = bundle
            self._slot.put(bundle)

    def _write(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self._config, name, value)
        self._follow()  # also when a control was moved to where the store is already

    def _insert(self) -> str:
        return say(COMES if insert(self._config, self._shell) else summary.NOTHING)


def insert(config: MimoConfig, shell: Any) -> bool:
    """Put the line that restores the settings into a new cell, if there is anything to restore.

    A front end makes the cell when it hears that the running one is over, or the next one that runs.
    """
    line = summary.restoring(situation(config))
    if line:
        shell.set_next_input(line)
    return bool(line)


_open: list[Panel] = []


def close_all() -> None:
    """Close the panels of this kernel."""
    for panel in [*_open]:
        panel.close()
