"""Prompts that a command of this package sends: outside the history of the session, whose usage they count in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mimo_magics.core.messages import Part
from mimo_magics.core.settings import Settings
from mimo_magics.display.selection import choose_renderer
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.notebook.cell_run import CellRun
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import get_display_target
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.dry_run import DryRun
from mimo_magics.tools.approval import refuse_unattended

Run = TypeVar("Run", bound=CellRun)


class OneOffPrompts:
    """Sends the prompts of the commands of one shell.

    Args:
        shell: the shell.
        config: its settings.
        session_selection: the sessions, whose current one counts the usage.
    """

    def __init__(self, shell: Any, config: MimoConfig, session_selection: SessionSelection) -> None:
        self._shell = shell
        self._config = config
        self._session_selection = session_selection

    def build_settings(self, overrides: Mapping[str, Any]) -> Settings:
        """Return the settings of a prompt."""
        return self._config.snapshot().override(overrides)

    def draft(self, prompt: Sequence[Part], overrides: Mapping[str, Any]) -> DryRun:
        """Return the request of a prompt without sending it."""
        session = self._session_selection.sessions.current
        return session.draft([*prompt], keep=False, tools=(), **overrides)

    def create_run(self, kind: type[Run], prompt: Sequence[Part], overrides: Mapping[str, Any]) -> Run:
        """Return the run of a prompt without tools. It has not started.

        Args:
            kind: the class of the run.
            prompt: the parts of the prompt.
            overrides: settings for this prompt.
        """
        request = CellRequest(tuple(prompt), overrides, keep=False)
        settings = self.build_settings(overrides)
        session = self._session_selection.select_session(request, settings)
        target = get_display_target(self._shell)
        return kind(
            request,
            session,
            choose_renderer(target, settings),
            (),
            refuse_unattended,
            display_options=DisplayOptions.from_settings(settings),
            **self._session_selection.build_stream_options(request, session, target),
        )
