"""Below the sliders: a prompt, asked with the present values beside the conversation, and its answer while it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import ipywidgets

from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import translate
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.view import ReplyView
from mimo_magics.display.progress import Progress
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook.cell_variables import expand
from mimo_magics.notebook.commands import tools as tools_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import heartbeat
from mimo_magics.notebook.kernel.user_variables import get_user_variables
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.comparison.runner import RunningComparison
from mimo_magics.session.comparison.variants import Variant
from mimo_magics.session.request import Prompt
from mimo_magics.session.turn import Turn

STYLE = """<style>
.mimo-again.mimo-again { border-top: 1px solid var(--jp-border-color2, #bbb); margin-top: 0.75em; padding-top: 0.75em; overflow: visible; }
.mimo-again .mimo-again-prompt { width: auto; max-width: none; margin: 0; }
.mimo-again .mimo-again-buttons { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.5em; margin: 0.5em 0; overflow: visible; }
.mimo-again .mimo-again-buttons button { flex: none; width: auto; margin: 0; }
</style>"""
"""All of it is bound to our own class."""
MAX_PLACEHOLDER_CHARS = 80
"""Characters of the last prompt that the empty box shows."""


class PromptBox:
    """What is asked here joins the conversation only when the person says so.

    Args:
        shell: of the notebook.
        config: the values.
        session_selection: the conversation.
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
        """The turn that was asked again."""
        self._session = session_selection.sessions.current
        """The one that was asked in, and that an answer is kept in."""
        self._prompt = ipywidgets.Textarea(
            description=translate("Prompt"),
            rows=2,
            _dom_classes=("mimo-again-prompt",),
            continuous_update=False,
        )
        self._run_button = _create_button(
            translate("Run"),
            "play",
            translate("Ask with these values, beside the conversation"),
            self._on_run_clicked,
        )
        self._keep_button = _create_button(
            translate("Keep"), "check", translate("Make the answer the next turn"), self._on_keep_clicked
        )
        self._status = ipywidgets.HTML()
        self._reply_area = ipywidgets.VBox()
        buttons = ipywidgets.HBox(
            (self._run_button, self._keep_button, self._status), _dom_classes=("mimo-again-buttons",)
        )
        children = (ipywidgets.HTML(STYLE), self._prompt, buttons, self._reply_area)
        self.root = ipywidgets.VBox(children, _dom_classes=("mimo-again",))
        """The widget that shows it."""
        shell.events.register("post_run_cell", self._follow_session)
        self._follow_session()

    def close(self) -> None:
        """Leave nothing behind."""
        self.stop()
        self._shell.events.unregister("post_run_cell", self._follow_session)
        for session in self._session_selection.sessions:
            if self._update in session.lock.listeners:
                session.lock.listeners.remove(self._update)
        self.root.close()

    def stop(self) -> None:
        """Break the answer off; from any thread."""
        if self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def insert(self, code: str) -> None:
        """Put code into a new cell, below the next one that runs."""
        self._shell.set_next_input(code)

    def _follow_session(self, *_: object) -> None:
        """Follow the session that is the current one now."""
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
            translate("Empty: «{prompt}» again", prompt=short_prompt)
            if short_prompt
            else translate("What to ask")
        )
        self._run_button.disabled = session.lock.is_held
        self._keep_button.disabled = session.lock.is_held or not self._has_reply

    @property
    def _has_reply(self) -> bool:
        """Whether there is an answer that could be kept."""
        turn = self._running.turns.get(0) if self._running else None
        return bool(turn and turn.is_in_history)

    def _on_run_clicked(self) -> None:
        self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        """Ask, unless the button was pressed twice before the page could grey it."""
        if self._task is None:
            self._task = self._loop.create_task(self._run_prompt())

    async def _run_prompt(self) -> None:
        """Ask, and show what comes of it; nothing of it is an error of a cell."""
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
        prompt = self._resolve_prompt(session.turns)
        display_options, progress = DisplayOptions(settings.format, settings.remote_images), Progress()
        tools = tools_command.select_tools(None, get_user_variables(self._shell))
        comparison = session.stream_comparison(prompt, [Variant("", {})], past=self._past, tools=tools)
        async with comparison as self._running:
            view = ReplyView(display_options, progress, self)
            self._reply_area.children = (view.root,)
            try:
                async with heartbeat(view.paint):
                    async for _, event in self._running:
                        if event:
                            progress.feed(event)
                            view.show(event)
            finally:
                view.close()
        self._running.raise_if_all_failed()

    def _resolve_prompt(self, turns: Sequence[Turn]) -> Prompt:
        """Decide what is asked, and what it follows."""
        self._repeated_turn = None if self._prompt.value.strip() or not turns else turns[-1]
        self._past = turns[:-1] if self._repeated_turn else turns
        return (
            self._repeated_turn.prompt.parts
            if self._repeated_turn
            else expand(self._prompt.value, get_user_variables(self._shell))
        )

    def _show_document(self) -> None:
        """Put the document of the answer in the place of its widgets."""
        turn = self._running.turns.get(0) if self._running else None
        if self._running and turn and turn.is_in_history:
            settings = self._config.snapshot()
            page = reply_document.reply_html(
                turn.reply,
                display_options=DisplayOptions(settings.format, settings.remote_images),
                notices=self._running.running_turns[0].notices,
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
            translate("The answer is turn {number} of session {name} now.", number=count, name=session.name)
        )
        self._update()

    def _show_status(self, text: str) -> None:
        self._status.value = f'<span role="status">{escape_html(text)}</span>'


def _create_button(text: str, icon: str, tooltip: str, on_click: Callable[[], None]) -> Any:
    button = ipywidgets.Button(description=text, icon=icon, tooltip=tooltip)
    button.on_click(lambda _: on_click())
    return button
