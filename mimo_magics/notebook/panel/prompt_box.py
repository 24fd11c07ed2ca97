"""Below the sliders: a prompt, asked with the present values beside the conversation, and its answer while it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import ipywidgets

from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import say
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.view import View
from mimo_magics.display.progress import Progress
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import Look
from mimo_magics.notebook.argument_parser import variables
from mimo_magics.notebook.cell_variables import expand
from mimo_magics.notebook.commands import tools as tools_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import heartbeat
from mimo_magics.notebook.session_selection import Conversing
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
LONGEST = 80
"""Characters of the last prompt that the empty box shows."""


class AskAgain:
    """What is asked here joins the conversation only when the person says so.

    Args:
        shell: of the notebook.
        config: the values.
        talk: the conversation.
    """

    def __init__(self, shell: Any, config: MimoConfig, talk: Conversing) -> None:
        self._shell = shell
        self._config = config
        self._talk = talk
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._running: RunningComparison | None = None
        self._past: Sequence[Turn] = ()
        self._again: Turn | None = None
        """The turn that was asked again."""
        self._session = talk.sessions.current
        """The one that was asked in, and that an answer is kept in."""
        self._prompt = ipywidgets.Textarea(
            description=say("Prompt"), rows=2, _dom_classes=("mimo-again-prompt",), continuous_update=False
        )
        self._run = _button(
            say("Run"), "play", say("Ask with these values, beside the conversation"), self._run_pressed
        )
        self._keep = _button(say("Keep"), "check", say("Make the answer the next turn"), self._keep_pressed)
        self._state = ipywidgets.HTML()
        self._area = ipywidgets.VBox()
        buttons = ipywidgets.HBox((self._run, self._keep, self._state), _dom_classes=("mimo-again-buttons",))
        parts = (ipywidgets.HTML(STYLE), self._prompt, buttons, self._area)
        self.root = ipywidgets.VBox(parts, _dom_classes=("mimo-again",))
        """The widget that shows it."""
        shell.events.register("post_run_cell", self._look)
        self._look()

    def close(self) -> None:
        """Leave nothing behind."""
        self.stop()
        self._shell.events.unregister("post_run_cell", self._look)
        for session in self._talk.sessions:
            if self._paint in session.watchers:
                session.watchers.remove(self._paint)
        self.root.close()

    def stop(self) -> None:
        """Break the answer off; from any thread."""
        if self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def insert(self, code: str) -> None:
        """Put code into a new cell, below the next one that runs."""
        self._shell.set_next_input(code)

    def _look(self, *_: object) -> None:
        """Follow the session that is the current one now."""
        session = self._talk.sessions.current
        if self._paint not in session.watchers:
            session.watchers.append(self._paint)
        self._paint()

    def _paint(self) -> None:
        session = self._talk.sessions.current
        last = session.turns[-1].prompt.text if session.turns else ""
        short = last if len(last) <= LONGEST else f"{last[:LONGEST]}…"
        self._prompt.placeholder = (
            say("Empty: «{prompt}» again", prompt=short) if short else say("What to ask")
        )
        self._run.disabled = session.busy
        self._keep.disabled = session.busy or not self._kept

    @property
    def _kept(self) -> bool:
        """Whether there is an answer that could be kept."""
        turn = self._running.turns.get(0) if self._running else None
        return bool(turn and turn.kept)

    def _run_pressed(self) -> None:
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        """Ask, unless the button was pressed twice before the page could grey it."""
        if self._task is None:
            self._task = self._loop.create_task(self._ask())

    async def _ask(self) -> None:
        """Ask, and show what comes of it; nothing of it is an error of a cell."""
        self._state.value = ""
        try:
            await self._answered()
        except MimoError as error:
            self._say(" ".join(error.said))
        except asyncio.CancelledError:
            pass
        finally:
            self._task = None
            self._show()
            self._paint()

    async def _answered(self) -> None:
        settings = self._config.snapshot()
        session = self._session = self._talk.sessions.current
        session.settings = self._talk.settings(session, settings)
        prompt = self._question(session.turns)
        look, progress = Look(settings.format, settings.remote_images), Progress()
        tools = tools_command.chosen(None, variables(self._shell))
        asked = session.comparing(prompt, [Variant("", {})], past=self._past, tools=tools)
        async with asked as self._running:
            view = View(look, progress, self)
            self._area.children = (view.root,)
            try:
                async with heartbeat(view.paint):
                    async for _, event in self._running:
                        if event:
                            progress.feed(event)
                            view.show(event)
            finally:
                view.close()
        self._running.check()

    def _question(self, turns: Sequence[Turn]) -> Prompt:
        """Decide what is asked, and what it follows."""
        self._again = None if self._prompt.value.strip() or not turns else turns[-1]
        self._past = turns[:-1] if self._again else turns
        return self._again.prompt.parts if self._again else expand(self._prompt.value, variables(self._shell))

    def _show(self) -> None:
        """Put the document of the answer in the place of its widgets."""
        turn = self._running.turns.get(0) if self._running else None
        if turn and turn.kept:
            settings = self._config.snapshot()
            page = reply_document.page(turn.reply, look=Look(settings.format, settings.remote_images))
            self._area.children = (ipywidgets.HTML(page),)
        else:
            self._area.children = ()

    def _keep_pressed(self) -> None:
        session = self._session
        turn = self._running.turns[0] if self._running else None
        assert turn
        cell = self._again.cell if self._again else uuid4().hex[:12]
        try:
            session.adopt(replace(turn, cell=cell), self._past, again=bool(self._again))
        except MimoError as error:
            self._say(" ".join(error.said))
            return
        self._running = None
        count = len(session.turns)
        self._say(say("The answer is turn {number} of session {name} now.", number=count, name=session.name))
        self._paint()

    def _say(self, text: str) -> None:
        self._state.value = f'<span role="status">{escape_html(text)}</span>'


def _button(text: str, icon: str, tooltip: str, pressed: Callable[[], None]) -> Any:
    button = ipywidgets.Button(description=text, icon=icon, tooltip=tooltip)
    button.on_click(lambda _: pressed())
    return button
