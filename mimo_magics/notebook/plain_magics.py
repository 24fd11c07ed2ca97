"""The magics that ask no model anything: settings, models, tools, sessions, and what was spent. Wiring only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from IPython.core.magic import no_var_expand

from mimo_magics.client import model_list, portal
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.display.output import display_bundle
from mimo_magics.notebook.argument_parser import get_user_variables
from mimo_magics.notebook.commands import models, tools as tools_command
from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.commands.session import SessionContext, run_session_command
from mimo_magics.notebook.commands.tape import run_tape_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import get_display_target
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.limits import usage_report


class SettingsMagics:
    """Those of one shell."""

    def __init__(self, shell: Any, config: MimoConfig, session_selection: SessionSelection) -> None:
        self.shell = shell
        self.config = config
        self.session_selection = session_selection

    @no_var_expand
    def mimo_config(self, line: str) -> None:
        """Show and change the settings of this kernel.

        ::

            %mimo_config                              all settings, with where they came from
            %mimo_config temperature=0.2 thinking=on  change some of them
            %mimo_config system="Answer in verse."    a value that holds spaces
            %mimo_config temperature=default          leave it to the service again
            %mimo_config --reset temperature          take back what was changed here; alone: everything
            %mimo_config --save strict                keep all that is not built in as the profile strict
            %mimo_config --use strict                 take the settings of a profile over; alone: which there are
            %mimo_config --delete strict              delete a profile
            %mimo_config api_key                      type in a key for the present service, unseen
        """
        display_bundle(run_config_command(line, self.config))
        self.session_selection.load_saved_turns(self.config.snapshot())

    @no_var_expand
    def mimo_panel(self, line: str) -> None:
        """Show the parameters as sliders and buttons, and a prompt to try them with.

        ::

            %mimo_panel           what it shows and %mimo_config are one store: each follows the other
            %mimo_panel insert    put the line that restores the parameters into a new cell below

        Below the controls stands a table of the values and the line that restores them, which a saved notebook keeps.
        """
        from mimo_magics.notebook.panel import panel, state

        match line.split():
            case []:
                self.show_panel()
            case ["insert"]:
                if not panel.insert_restore_cell(self.config, self.shell):
                    display_bundle({"text/plain": translate(state.NOTHING_TO_RESTORE)})
            case _:
                raise BadOption(
                    Translatable("There is no %mimo_panel {line}.", line=line.strip()),
                    Translatable("%mimo_panel, or %mimo_panel insert"),
                )

    def show_panel(self) -> None:
        """Show a panel, where widgets can be with a prompt below it."""
        from mimo_magics.notebook.panel.panel import Panel
        from mimo_magics.notebook.panel.prompt_box import PromptBox

        if get_display_target(self.shell) == "front end":
            prompt_box = PromptBox(self.shell, self.config, self.session_selection)
            Panel(self.config, self.shell, prompt_box.root, prompt_box.close).show()
        else:
            Panel(self.config, self.shell).show()

    @no_var_expand
    def mimo_models(self, line: str) -> None:
        """Show the models of the service: what its server lists, with windows, senses and prices of a dated table.

        ::

            %mimo_models           of the present service; → is the model that answers
            %mimo_models xiaomi    of another one

        Where the server does not answer, or there is no key, the table is all there is.
        """
        settings = self.config.snapshot()
        if line.strip():
            settings = replace(settings, preset=line.strip(), base_url=None, model=None)
        ids = portal.run_async(partial(model_list.list_models, settings))
        display_bundle(models.models_bundle(settings, ids))

    @no_var_expand
    def mimo_tools(self, line: str) -> None:
        """Show and change the tools that each prompt offers to the model.

        ::

            %mimo_tools                        what there is, and when you are asked before it runs
            %mimo_tools add clock weather      functions of the notebook; @mimo_magics.tool does the same
            %mimo_tools confirm clock=none     every_call, once_per_session or none
            %mimo_tools remove clock
            %mimo_tools add-mcp NAME COMMAND   the tools of an MCP server; or NAME --url ADDRESS
        """
        display_bundle(tools_command.run_tools_command(line, get_user_variables(self.shell)))

    @no_var_expand
    def mimo_session(self, line: str) -> None:
        """Show and change the conversations of this kernel.

        ::

            %mimo_session                    the sessions: list
            %mimo_session new NAME           begin one, or a new conversation in one, and go on there;
                                             with --system TEXT one that has a system prompt of its own
            %mimo_session switch NAME        go on in another one; switch NUMBER: on another branch
            %mimo_session show               all turns, with models, tokens, cost, and what is stale
            %mimo_session undo [N]           take the last turns back; they stay as a branch
            %mimo_session branches           the ways that the conversation took
            %mimo_session fork NAME [--at N] begin a session with the turns up to this one
            %mimo_session rename [NAME] NEW  and delete NAME, clear
            %mimo_session save [PATH]        and load PATH
            %mimo_session export PATH [--to md|html|json|py|curl]
            %mimo_session from-notebook PATH [NAME]  the conversation that a notebook's outputs hold
            %mimo_session resume [PATH]      that of this notebook, after a restart of the kernel
        """
        settings = self.config.snapshot()
        display_bundle(
            run_session_command(
                line,
                SessionContext(
                    self.session_selection.sessions, self.session_selection.notebook_path(settings)
                ),
            ),
        )

    @no_var_expand
    def mimo_tape(self, line: str) -> None:
        """Record calls on a tape, or replay them: without a network, a key or a model.

        ::

            %mimo_tape                 which tape is in use
            %mimo_tape record PATH     every call is made, and recorded on a new tape
            %mimo_tape replay PATH     every call is answered from the tape; --pace real, fast or once (at once)
            %mimo_tape auto PATH       what is on the tape is answered from it, the rest is asked and added
            %mimo_tape off             calls are made, and nothing is recorded

        A tape is put in from its beginning. MIMO_TAPE=replay:PATH in the environment does the same from the start.
        """
        display_bundle(run_tape_command(line, self.config))

    @no_var_expand
    def mimo_usage(self, line: str) -> None:
        """Show what the current session has spent: tokens, the part of them from the cache, and costs.

        ::

            %mimo_usage         of the current session
            %mimo_usage NAME    of another one

        Costs are estimates by a dated table of prices; %mimo_config prices=… sets others.
        """
        session = (
            self.session_selection.sessions.get(line.strip())
            if line.strip()
            else self.session_selection.sessions.current
        )
        prices = self.config.snapshot().prices
        display_bundle(
            usage_report.usage_bundle(
                session.history, prices, session.unrecorded_usage, session.unrecorded_cost
            ),
        )
