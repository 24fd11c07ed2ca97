"""The display of replies as values: of the last reply, and of replies that are shown again."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.displayhook import CapturingDisplayHook

from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import replace_control_characters, replace_unencodable_characters
from mimo_magics.display.clipboard import copy_to_clipboard
from mimo_magics.display.output import Output, display_bundle
from mimo_magics.display.selection import is_real_terminal
from mimo_magics.document import reply as reply_document
from mimo_magics.document.context_html import context_html
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook.commands import reply as reply_command
from mimo_magics.notebook.commands.reply import ReplyCommand
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import get_display_target, is_cell_value
from mimo_magics.notebook.kernel.parent_message import get_message_id, get_message_part
from mimo_magics.session.prompt_context import describe_turn_context
from mimo_magics.session.session import Session

SELF_DISPLAYING_TYPES = (
    ("mimo_magics.batch.case_grid", "GridResult"),
    ("mimo_magics.batch.map_result", "MapResult"),
    ("mimo_magics.document.code_text", "CodeText"),
    ("mimo_magics.prompts.check_result", "CheckResult"),
    ("mimo_magics.prompts.fix", "Fix"),
    ("mimo_magics.prompts.function_tests", "FunctionTests"),
    ("mimo_magics.session.comparison.result", "Comparison"),
    ("mimo_magics.session.limits.usage_report", "UsageReport"),
    ("mimo_magics.session.speech", "Speech"),
    ("mimo_magics.session.transcription", "Transcription"),
)
"""The other values of cells that a magic displays itself. A comparison is imported when something is compared."""


class ReplyDisplay:
    """Displays the replies of one shell."""

    def __init__(self, shell: Any, config: MimoConfig) -> None:
        self._shell = shell
        self._config = config
        self._last_reply: Reply | None = None
        """The last reply, also of a one-off prompt."""
        self._captured: tuple[list[Any], int] = [], 0
        """The outputs that `%%capture` collects, and the position of a value that has displayed itself."""
        self._just_shown: dict[str, object] = {}
        """The values that running cells have shown, by the ids of their messages. Several cells may run at a time."""
        self._footer = ""

    def install(self) -> None:
        """Register the display functions."""
        formatter = self._shell.display_formatter.ipython_display_formatter
        formatter.for_type(Reply, self._display)
        for kind in SELF_DISPLAYING_TYPES:
            formatter.for_type_by_name(*kind, self._display_value)
        # `post_execute` is also triggered by the messages of widgets.
        self._shell.events.register("post_run_cell", self._forget_shown)

    def uninstall(self) -> None:
        """Remove the display functions."""
        for kind in (Reply, *map(".".join, SELF_DISPLAYING_TYPES)):
            self._shell.display_formatter.ipython_display_formatter.pop(kind)
        self._shell.events.unregister("post_run_cell", self._forget_shown)

    def record_reply(self, reply: Reply, *, quiet: bool) -> None:
        """Record the reply that is the value of its cell. The cell has shown it already, unless it is quiet."""
        self._last_reply = self._just_shown[get_message_id(self._shell)] = reply
        self._footer = "" if quiet else reply_document.footer(reply)

    def record_value(self, value: object) -> None:
        """Record the value of a cell that the cell has shown already."""
        self._just_shown[get_message_id(self._shell)] = value

    def show_value(self, value: Any, output: Output | None = None) -> None:
        """Show a value that displays itself, and that is the value of its cell: in a new output, or in this one."""
        show = output.update if output else display_bundle
        show(value._repr_mimebundle_())
        self._just_shown[get_message_id(self._shell)] = value

    def run_command(self, command: ReplyCommand, session: Session) -> None:
        """Run a command for a reply.

        Raises:
            BadOption: there is no such turn, or no such code block.
        """
        match command:
            case ReplyCommand("show", number):
                turn = reply_command.select_turn(session.turns, number)
                self._show(turn.reply, context_html(describe_turn_context(turn)))
            case ReplyCommand("insert", number):
                code = reply_command.select_code_block(self._last_reply, number)
                self._shell.set_next_input(code, replace=self._is_whole_cell())
            case ReplyCommand("copy", None) if self._last_reply:
                self._show_for_copying(self._last_reply.text)
            case ReplyCommand("copy", number):
                self._show_for_copying(reply_command.select_code_block(self._last_reply, number))

    def _is_whole_cell(self) -> bool:
        """Return whether the running line of `%mimo` is the whole cell, so that code can replace the cell."""
        source = str(get_message_part(self._shell, "content").get("code") or "").strip()
        return source.startswith("%mimo") and "\n" not in source

    def _show_for_copying(self, text: str) -> None:
        """Show a text that one click selects. A terminal also copies it."""
        display_bundle(reply_command.copyable_bundle(text))
        if not is_real_terminal():
            return
        print_text(
            translate("Copied to the clipboard, if the terminal supports OSC 52.")
            if copy_to_clipboard(text)
            else translate("The text is too long for the clipboard of a terminal.")
        )

    def _display(self, reply: Reply) -> None:
        """Show a reply that is a cell's value, unless the cell has just shown it."""
        if not self._is_shown_value(reply):
            self._show(reply)
        elif get_display_target(self._shell) == "terminal":
            # The footer follows `Out[n]:`.
            print_text(self._footer)
        self._note_capture()

    def _display_value(self, value: Any) -> None:
        """Show a value that displays itself, unless the cell has just shown it."""
        if not self._is_shown_value(value):
            display_bundle(value._repr_mimebundle_())
        self._note_capture()

    def _show(self, reply: Reply, head: str = "") -> None:
        if get_display_target(self._shell) == "terminal":
            print_text(reply_document.reply_plain_text(reply))
            return
        settings = self._config.snapshot()
        display_options = DisplayOptions.from_settings(settings)
        display_bundle(reply_document.reply_bundle(reply, display_options=display_options, head=head))

    def _is_shown_value(self, value: object) -> bool:
        return value is self._just_shown.get(get_message_id(self._shell)) and is_cell_value(self._shell)

    def _forget_shown(self, *_: object) -> None:
        self._drop_empty_output()
        self._just_shown.pop(get_message_id(self._shell), None)

    def _note_capture(self) -> None:
        if isinstance(sys.displayhook, CapturingDisplayHook):
            self._captured = sys.displayhook.outputs, len(sys.displayhook.outputs)

    def _drop_empty_output(self) -> None:
        """Remove the empty output that `%%capture` collects for a value that has displayed itself."""
        outputs, position = self._captured
        if outputs[position : position + 1] == [{"data": {}, "metadata": {}}]:
            del outputs[position]
        self._captured = [], 0


def print_text(text: str) -> None:
    """Print a text without control characters and without characters that the standard output cannot encode."""
    print(replace_unencodable_characters(replace_control_characters(text)))  # noqa: T201
