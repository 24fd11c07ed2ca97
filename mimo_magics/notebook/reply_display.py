"""The answers of a shell as values: what the last one was, and how one is shown that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.display import display

from mimo_magics.core.messages import Reply
from mimo_magics.core.text import replace_control_characters
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import Look
from mimo_magics.notebook.commands import reply as reply_command
from mimo_magics.notebook.commands.reply import Command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import is_cell_value, place
from mimo_magics.session.session import Session

if TYPE_CHECKING:  # imported when something is compared
    from mimo_magics.session.comparison.result import Comparison

COMPARISON = ("mimo_magics.session.comparison.result", "Comparison")


class Answers:
    """Those of one shell."""

    def __init__(self, shell: Any, config: MimoConfig) -> None:
        self._shell = shell
        self._config = config
        self._last: Reply | None = None
        """Also of an aside."""
        self._just_shown: object = None
        self._footer = ""
        formatter = shell.display_formatter.ipython_display_formatter
        formatter.for_type(Reply, self._display)
        formatter.for_type_by_name(*COMPARISON, self._display_comparison)
        shell.events.register("post_execute", self._forget_shown)

    def close(self) -> None:
        """Leave nothing behind in the shell."""
        for kind in (Reply, ".".join(COMPARISON)):
            self._shell.display_formatter.ipython_display_formatter.pop(kind)
        self._shell.events.unregister("post_execute", self._forget_shown)

    def came(self, reply: Reply, *, quiet: bool) -> None:
        """Note an answer that its cell has shown, unless it is quiet, and that is the cell's value."""
        self._last = self._just_shown = reply
        self._footer = "" if quiet else reply_document.footer(reply)

    def compared(self, comparison: Comparison) -> None:
        """Note a comparison that its cell has shown, and that is the cell's value."""
        self._just_shown = comparison

    def again(self, command: Command, session: Session) -> None:
        """Do something with an answer that is there.

        Raises:
            BadOption: there is no such answer, or no such code in it.
        """
        match command:
            case Command("show", number):
                self._show(reply_command.turn(session.turns, number).reply)
            case Command("insert", number):
                self._shell.set_next_input(reply_command.code(self._last, number))
            case Command("copy", None) if self._last:
                display(reply_command.to_copy(self._last.text), raw=True)
            case Command("copy", number):
                display(reply_command.to_copy(reply_command.code(self._last, number)), raw=True)

    def _display(self, reply: Reply) -> None:
        """Show a reply that is a cell's value; the one that this cell has just shown is not shown again."""
        if reply is not self._just_shown or not is_cell_value(self._shell):
            self._show(reply)
        elif place(self._shell) == "terminal":
            print(replace_control_characters(self._footer))  # noqa: T201  behind the terminal's `Out[n]:`

    def _display_comparison(self, comparison: Comparison) -> None:
        if comparison is not self._just_shown or not is_cell_value(self._shell):
            display(comparison.show().bundle, raw=True)

    def _show(self, reply: Reply) -> None:
        if place(self._shell) == "terminal":
            print(replace_control_characters(reply.text))  # noqa: T201  the words without what a terminal would obey
            return
        settings = self._config.snapshot()
        look = Look(settings.format, settings.remote_images)
        display(reply_document.bundle(reply, look=look), raw=True)

    def _forget_shown(self) -> None:
        self._just_shown = None
