"""The magics: wiring only. What they do lives in the rows below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from IPython.core.magic import needs_local_scope, no_var_expand
from IPython.display import display

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words, say
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import Place
from mimo_magics.display.selection import choose
from mimo_magics.notebook import cell_request, comparison_request
from mimo_magics.notebook.argument_parser import parsed, variables, with_options
from mimo_magics.notebook.cell_run import Asking
from mimo_magics.notebook.commands import reply as reply_command, tools as tools_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import RunningCell, heartbeat, place
from mimo_magics.notebook.kernel.cell_ids import Cells
from mimo_magics.notebook.kernel.comm_pump import pumped
from mimo_magics.notebook.options import COMPARING, OPTIONS
from mimo_magics.notebook.plain_magics import PlainMagics
from mimo_magics.notebook.reply_display import Answers
from mimo_magics.notebook.session_selection import Conversing
from mimo_magics.session import sync_calls
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.tools.approval import (
    ApprovalCallback,
    ask_by_input,
    decide,
    get_pending_approval,
    refuse_unattended,
)

if TYPE_CHECKING:  # imported when something is compared
    from mimo_magics.notebook.comparison_cells import Comparisons
    from mimo_magics.session.comparison.result import Comparison
    from mimo_magics.session.dry_run import Draft

DECIDE: dict[Place, ApprovalCallback] = {
    "front end": partial(ask_by_input, input_function=input),
    "terminal": partial(ask_by_input, input_function=input),
    "unattended": refuse_unattended,
}
"""Who decides on tool calls where there are no buttons."""


class MimoMagics(PlainMagics):
    """The magics of one shell, and the conversation that they share."""

    def __init__(self, shell: Any, config: MimoConfig, cells: Cells) -> None:
        super().__init__(shell, config, Conversing(shell, Sessions(), cells))
        self._answers = Answers(shell, config)

    @cached_property
    def comparisons(self) -> Comparisons:
        """What was compared; imported when something is."""
        from mimo_magics.notebook.comparison_cells import Comparisons

        return Comparisons(self.shell, self.config, self.talk, self._answers)

    def close(self) -> None:
        """Leave nothing behind in the shell."""
        self._answers.close()

    @with_options("mimo", OPTIONS)
    def mimo_cell(self, line: str, body: str) -> Reply | Draft | None:
        """Send the cell to a MiMo model, show the answer, and return the reply.

            %%mimo -t 0.2 -o reply
            Name three things to see in {city}.

        The conversation goes on from cell to cell. {city} is the value of the variable; attributes and items work
        too, {df.columns} and {rows[0]["x"]}, and every other brace stays as it is. The reply is the cell's value,
        with .text, .reasoning, .usage and .stop. %mimo_config shows and changes what holds for all cells.
        """
        asking = self._read(line, body)
        return self._ask(asking) if asking.sends else self._laid_open(asking)

    @needs_local_scope
    @with_options("mimo", OPTIONS)
    def mimo_line(self, line: str, local_ns: Mapping[str, Any] | None = None) -> Reply | Draft | None:
        """Send the rest of the line to a MiMo model, show the answer, and return the reply.

            %mimo -t 0.2 Name three things to see in {city}.
            reply = %mimo Which of them is free?

        Works in loops and functions. It does what %%mimo does, and takes its options; -- ends them.

            %mimo show      the last turn of the conversation anew; show 2: its second
            %mimo insert 1  the first code block of the last answer in a new cell below
            %mimo copy 1    the same, to be copied: one click selects it; alone: the whole answer's source
            %mimo continue  goes on with the last answer, if it was broken off; takes options before it
        """
        if command := reply_command.command(line):
            self._answers.again(command, self.talk.sessions.current)
            return None
        asking = self._read(line, None, local_ns or {})
        if asking.is_over:
            display({"text/plain": say(reply_command.OVER)}, raw=True)
            return None
        return self._ask(asking) if asking.sends else self._laid_open(asking)

    @no_var_expand
    async def mimo_awaited(self, line: str, body: str) -> Reply | Draft | None:
        """Do what %%mimo does, in a cell that awaits."""
        running = RunningCell(self.shell)
        asking = self._read(line, body, running=running)
        if not asking.sends:
            return self._laid_open(asking)
        with self._kept(asking):
            async with pumped(self.shell.kernel), heartbeat(asking.surface.tick):
                await running.during(asking.answered())
        return self._value(asking)

    @with_options("mimo_compare", COMPARING)
    def compare_cell(self, line: str, body: str) -> Comparison:
        """Ask a prompt in several ways, show the replies side by side, and return them.

            %%mimo_compare --model mimo-v2-pro mimo-v2-flash --temperature 0 0.7 1.0 --repeat 2
            Name a bird, and say why.

        An option with several values is compared: all combinations are asked, a few at a time. The conversation so
        far is sent, and none of the replies joins it. What is returned has .diff(1, 2), .to_frame() and .adopt(1);
        %mimo_compare does the same with the last one. No tools are offered.
        """
        return self.comparisons.ask(parsed(MimoMagics.compare_cell, comparison_request.words(line)), body)

    @no_var_expand
    async def compare_awaited(self, line: str, body: str) -> Comparison:
        """Do what %%mimo_compare does, in a cell that awaits."""
        return await self.comparisons.awaited(
            parsed(MimoMagics.compare_cell, comparison_request.words(line)), body
        )

    @no_var_expand
    def compare_line(self, line: str) -> None:
        """Do something with the replies of the last %%mimo_compare, whose options %%mimo_compare? shows.

        ::

            %mimo_compare show      side by side
            %mimo_compare diff 1 2  how the words of two of them differ
            %mimo_compare adopt 2   make one of them the next turn of the conversation
        """
        self.comparisons.command(line)

    def _read(
        self,
        line: str,
        body: str | None,
        local: Mapping[str, Any] = MappingProxyType({}),
        *,
        running: RunningCell | None = None,
    ) -> Asking:
        options, rest = cell_request.split_options(line)
        if body is not None and rest:
            raise BadOption(
                Words("The prompt does not go on the first line: {rest!r}.", rest=rest),
                Words("Write it below %%mimo."),
            )
        said = rest if body is None else body
        prompt = None if body is None and cell_request.goes_on(line) else said
        request = cell_request.read(
            parsed(MimoMagics.mimo_cell, options), prompt, {**variables(self.shell), **local}
        )
        everywhere = self.config.snapshot()
        session = self.talk.session(request, replace(everywhere, **request.settings))
        session.settings = self.talk.settings(session, everywhere)
        settings = replace(session.settings, **request.settings)
        where = place(self.shell)
        tools = tools_command.chosen(request.tools, {**variables(self.shell), **local})
        surface = choose(where, settings, running)
        told = self.talk.told(request, session, settings, where)
        return Asking(request, session, surface, tools, DECIDE[where], **told)

    def _ask(self, asking: Asking) -> Reply:
        with self._kept(asking), sync_calls.opened(asking.opening(), asking.surface.tick) as asking.running:
            for event in asking.running:
                asking.surface.show(event)
                if waiting := get_pending_approval(event):
                    decide(waiting, asking.decide)
        return self._value(asking)

    def _laid_open(self, asking: Asking) -> Draft | None:
        """Show what would be sent: as the cell's value, or as code."""
        found = asking.laid_open()
        if asking.request.out:
            self.shell.user_ns[asking.request.out] = found
        if isinstance(found, str):
            display(reply_command.to_copy(found), raw=True)
            return None
        return found

    @contextmanager
    def _kept(self, asking: Asking) -> Iterator[None]:
        """Note who asked, if anything of the turn stays."""
        try:
            with asking.settled():
                yield
        finally:
            if asking.turn and asking.request.keep:
                self.talk.asked(asking.request, asking.session)

    def _value(self, asking: Asking) -> Reply:
        reply = asking.reply
        assert reply
        quiet = asking.request.settings.get("quiet") or self.config.snapshot().quiet
        self._answers.came(reply, quiet=quiet)
        if asking.request.out:
            self.shell.user_ns[asking.request.out] = reply
        return reply
