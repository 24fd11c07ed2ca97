"""The prompt box below the sliders: it sends a prompt with the current settings, outside the session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import ipywidgets

from mimo_magics.context.picture import render_part
from mimo_magics.context.prompt_references import expand
from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import translate
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.live_renderer import ViewRenderer
from mimo_magics.display.live.view import ReplyView
from mimo_magics.display.progress import ReplyProgress
from mimo_magics.document import reply as reply_document
from mimo_magics.document.context_html import context_html
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook.commands import tools as tools_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import heartbeat
from mimo_magics.notebook.kernel.user_variables import get_prompt_variables, get_user_variables
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.notebook.unresolved_references import check_expansion
from mimo_magics.session import turn_driver
from mimo_magics.session.comparison.runner import RunningComparison, open_comparison
from mimo_magics.session.comparison.variants import Variant
from mimo_magics.session.request import Prompt
from mimo_magics.session.turn import Turn
from mimo_magics.tools.approval import refuse_unattended

STYLE = """<style>
.mimo-prompt-box.mimo-prompt-box { border-top: 1px solid var(--jp-border-color2, #bbb); margin-top: 0.75em; padding-top: 0.75em; overflow: visible; }
.mimo-prompt-box .mimo-prompt-box-prompt { width: auto; max-width: none; margin: 0; }
.mimo-prompt-box .mimo-prompt-box-buttons { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.5em; margin: 0.5em 0; overflow: visible; }
.mimo-prompt-box .mimo-prompt-box-buttons button { flex: none; width: auto; margin: 0; }
</style>"""
"""All rules are limited to our own class."""
MAX_PLACEHOLDER_CHARS = 80
"""Maximum number of characters of the last prompt in the placeholder."""


class PromptBox:
    """A prompt and its reply. The reply is added to the session only when the user keeps it.

    Args:
        shell: the shell of the notebook.
        config: the settings store.
        session_selection: the sessions.
    """

    def __init__(self, shell: Any, config: MimoConfig, session_selection: SessionSelection) -> None:
        self._shell = shell
        self._config = config
        self._session_selection = session_selection
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._running: RunningComparison | None = None
        self._past: Sequence[Turn] = ()
        self._repeated_turn: Turn | None = None
        """The turn whose prompt is repeated."""
        self._session = session_selection.sessions.current
        """The session that the prompt was sent in, and that the reply is kept in."""
        self._prompt = ipywidgets.Textarea(
            description=translate("Prompt"),
            rows=2,
            _dom_classes=("mimo-prompt-box-prompt",),
            continuous_update=False,
        )
        self._run_button = _create_button(
            translate("Run"),
            "play",
            translate("Send the prompt with these settings, outside the session"),
            self._on_run_clicked,
        )
        self._keep_button = _create_button(
            translate("Keep in session"),
            "check",
            translate("Save the reply as the next turn"),
            self._on_keep_clicked,
        )
        self._status = ipywidgets.HTML()
        self._reply_area = ipywidgets.VBox()
        buttons = ipywidgets.HBox(
            (self._run_button, self._keep_button, self._status), _dom_classes=("mimo-prompt-box-buttons",)
        )
        children = (ipywidgets.HTML(STYLE), self._prompt, buttons, self._reply_area)
        self.root = ipywidgets.VBox(children, _dom_classes=("mimo-prompt-box",))
        """The widget that contains all others."""
        shell.events.register("post_run_cell", self._follow_session)
        self._follow_session()

    def close(self) -> None:
        """Stop the reply, stop following the sessions, and remove the widgets."""
        self.stop()
        self._shell.events.unregister("post_run_cell", self._follow_session)
        for session in self._session_selection.sessions:
            if self._update in session.lock.listeners:
                session.lock.listeners.remove(self._update)
        self.root.close()

    def stop(self) -> None:
        """Cancel the turn; from any thread."""
        if self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def insert(self, code: str) -> None:
        """Insert a new cell with this code below the next cell that runs."""
        self._shell.set_next_input(code)

    def _follow_session(self, *_: object) -> None:
        """Follow the current session."""
        session = self._session_selection.sessions.current
        if self._update not in session.lock.listeners:
            session.lock.listeners.append(self._update)
        self._update()

    def _update(self) -> None:
        session = self._session_selection.sessions.current
        last_prompt = session.turns[-1].prompt.text if session.turns else ""
        short_prompt = (
            last_prompt
            if len(last_prompt) <= MAX_PLACEHOLDER_CHARS
            else f"{last_prompt[:MAX_PLACEHOLDER_CHARS]}…"
        )
        self._prompt.placeholder = (
            translate("Leave empty to repeat «{prompt}»", prompt=short_prompt)
            if short_prompt
            else translate("Enter a prompt")
        )
        self._run_button.disabled = session.lock.is_held
        self._keep_button.disabled = session.lock.is_held or not self._has_reply

    @property
    def _has_reply(self) -> bool:
        """Whether there is a reply to keep."""
        turn = self._running.turns.get(0) if self._running else None
        return bool(turn and turn.is_in_history)

    def _on_run_clicked(self) -> None:
        self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        """Send the prompt, unless the button was clicked twice before the page could disable it."""
        if self._task is None:
            self._task = self._loop.create_task(self._run_prompt())

    async def _run_prompt(self) -> None:
        """Send the prompt and show the reply. An error is shown as the status, because there is no cell."""
        self._status.value = ""
        try:
            await self._stream_reply()
        except MimoError as error:
            self._show_status(" ".join(error.lines))
        except asyncio.CancelledError:
            pass
        finally:
            self._task = None
            self._show_document()
            self._update()

    async def _stream_reply(self) -> None:
        settings = self._config.snapshot()
        session = self._session = self._session_selection.sessions.current
        prompt, notices = self._resolve_prompt(session.turns, settings)
        display_options, progress = DisplayOptions.from_settings(settings), ReplyProgress()
        tools = tools_command.select_tools(None, get_user_variables(self._shell))
        comparison = open_comparison(
            session, prompt, [Variant("", {})], past=self._past, tools=tools, notices=notices
        )
        async with comparison as self._running:
            renderer = ViewRenderer(ReplyView(display_options, progress, self), progress)
            self._reply_area.children = (renderer.view.root,)
            try:
                async with heartbeat(renderer.tick):
                    await turn_driver.drive(self._running, renderer, refuse_unattended)
            finally:
                renderer.clear()
        self._running.raise_if_all_failed()

    def _resolve_prompt(self, turns: Sequence[Turn], settings: Settings) -> tuple[Prompt, tuple[str, ...]]:
        """Return the prompt and the notices about it, and set the turns before it."""
        self._repeated_turn = None if self._prompt.value.strip() or not turns else turns[-1]
        self._past = turns[:-1] if self._repeated_turn else turns
        if self._repeated_turn:
            return self._repeated_turn.prompt.parts, ()
        variables = get_prompt_variables(self._shell)
        render = partial(render_part, max_bytes=settings.value_budget, share=settings.share)
        expansion = expand(self._prompt.value, variables, render)
        return expansion.parts, check_expansion(self._prompt.value, expansion, variables, settings.unresolved)

    def _show_document(self) -> None:
        """Replace the widgets of the reply by its document."""
        turn = self._running.turns.get(0) if self._running else None
        if self._running and turn and turn.is_in_history:
            settings = self._config.snapshot()
            page = reply_document.reply_html(
                turn.reply,
                display_options=DisplayOptions.from_settings(settings),
                notices=self._running.running_turns[0].notices,
                head=context_html(self._running.running_turns[0].context),
            )
            self._reply_area.children = (ipywidgets.HTML(page),)
        else:
            self._reply_area.children = ()

    def _on_keep_clicked(self) -> None:
        session = self._session
        turn = self._running.turns[0] if self._running else None
        assert turn
        cell = self._repeated_turn.cell if self._repeated_turn else uuid4().hex[:12]
        try:
            session.adopt(replace(turn, cell=cell), self._past, replace_last=bool(self._repeated_turn))
        except MimoError as error:
            self._show_status(" ".join(error.lines))
            return
        self._running = None
        count = len(session.turns)
        self._show_status(
            translate("Saved as turn {number} of session {name}.", number=count, name=session.name)
        )
        self._update()

    def _show_status(self, text: str) -> None:
        self._status.value = f'<span role="status">{escape_html(text)}</span>'


def _create_button(text: str, icon: str, tooltip: str, on_click: Callable[[], None]) -> Any:
    button = ipywidgets.Button(description=text, icon=icon, tooltip=tooltip)
    button.on_click(lambda _: on_click())
    return button
