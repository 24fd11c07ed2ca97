"""The magics that send no prompt: settings, models, tools, sessions, tapes and usage."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from mimo_magics.client import model_list, portal
from mimo_magics.core.i18n import translate
from mimo_magics.display.output import display_bundle
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.commands import models, tools as tools_command
from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.commands.session import SessionContext, run_session_command
from mimo_magics.notebook.commands.tape import run_tape_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.help_page import documented
from mimo_magics.notebook.kernel.async_cell import get_display_target
from mimo_magics.notebook.kernel.user_variables import get_user_variables
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.limits import usage_report


class SettingsMagics:
    """The magics of one shell that send no prompt."""

    def __init__(self, shell: Any, config: MimoConfig, session_selection: SessionSelection) -> None:
        self.shell = shell
        self.config = config
        self.session_selection = session_selection

    @documented("%mimo_config")
    def mimo_config(self, line: str) -> None:
        """Run `%mimo_config`."""
        display_bundle(run_config_command(line, self.config))
        self.session_selection.load_saved_turns(self.config.snapshot())

    @documented("%mimo_panel")
    def mimo_panel(self, line: str) -> None:
        """Run `%mimo_panel`."""
        from mimo_magics.notebook.panel import panel, state

        command, _ = parse_command("%mimo_panel", line)
        if not command:
            self.show_panel()
        elif not panel.insert_restore_cell(self.config, self.shell):
            display_bundle({"text/plain": translate(state.NOTHING_TO_RESTORE)})

    def show_panel(self) -> None:
        """Show a panel, with a prompt box where widgets work."""
        from mimo_magics.notebook.panel.panel import Panel
        from mimo_magics.notebook.panel.prompt_box import PromptBox

        if get_display_target(self.shell) == "front end":
            prompt_box = PromptBox(self.shell, self.config, self.session_selection)
            Panel(self.config, self.shell, prompt_box.root, prompt_box.close).show()
        else:
            Panel(self.config, self.shell).show()

    @documented("%mimo_models")
    def mimo_models(self, line: str) -> None:
        """Run `%mimo_models`."""
        _, arguments = parse_command("%mimo_models", line)
        settings = self.config.snapshot()
        if arguments.service:
            settings = replace(settings, preset=arguments.service, base_url=None, model=None)
        ids = portal.run_async(partial(model_list.list_models, settings))
        display_bundle(models.models_bundle(settings, ids))

    @documented("%mimo_tools")
    def mimo_tools(self, line: str) -> None:
        """Run `%mimo_tools`."""
        display_bundle(tools_command.run_tools_command(line, get_user_variables(self.shell)))

    @documented("%mimo_session")
    def mimo_session(self, line: str) -> None:
        """Run `%mimo_session`."""
        settings = self.config.snapshot()
        display_bundle(
            run_session_command(
                line,
                SessionContext(
                    self.session_selection.sessions, self.session_selection.notebook_path(settings)
                ),
            ),
        )

    @documented("%mimo_tape")
    def mimo_tape(self, line: str) -> None:
        """Run `%mimo_tape`."""
        display_bundle(run_tape_command(line, self.config))

    @documented("%mimo_usage")
    def mimo_usage(self, line: str) -> None:
        """Run `%mimo_usage`."""
        _, arguments = parse_command("%mimo_usage", line)
        sessions = self.session_selection.sessions
        session = sessions.get(arguments.session) if arguments.session else sessions.current
        prices = self.config.snapshot().prices
        display_bundle(
            usage_report.usage_bundle(
                session.history, prices, session.unrecorded_usage, session.unrecorded_cost
            ),
        )
