"""`%load_ext mimo_magics` and `%unload_ext mimo_magics`: registration with a shell, without heavy imports.

The settings are created at once, as `%config MimoConfig` and `ipython_config.py` need them. The magics are imported when
one of them is used for the first time.
"""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from IPython.core.completer import CompletionContext, SimpleMatcherResult, context_matcher
from IPython.core.getipython import get_ipython
from IPython.core.magic import needs_local_scope, no_var_expand

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import (
    ASYNC_MAGICS,
    CHECK_MAGIC,
    COMPARE_MAGIC,
    MAP_MAGIC,
    MIMO_MAGIC,
    AsyncCellTransform,
)
from mimo_magics.notebook.kernel.cell_ids import CellIds
from mimo_magics.notebook.kernel.cell_recorder import CellRecorder
from mimo_magics.notebook.kernel.input_transforms import InputTransforms, has_lost_prompts
from mimo_magics.notebook.kernel.last_error import ErrorRecorder
from mimo_magics.notebook.kernel.magic_line import ends_in_magic
from mimo_magics.session import current_session, defaults, row_store_path

if TYPE_CHECKING:  # imported when a magic is used
    from mimo_magics.notebook.magics import MimoMagics
    from mimo_magics.session.open_sessions import Sessions
    from mimo_magics.session.session import Session

MAGICS = {
    ("cell", MIMO_MAGIC): "mimo_cell",
    ("line", MIMO_MAGIC): "mimo_line",
    ("cell", ASYNC_MAGICS[MIMO_MAGIC]): "mimo_cell_async",
    ("cell", COMPARE_MAGIC): "compare_cell",
    ("line", COMPARE_MAGIC): "compare_line",
    ("cell", ASYNC_MAGICS[COMPARE_MAGIC]): "compare_cell_async",
    ("line", "mimo_config"): "mimo_config",
    ("line", "mimo_models"): "mimo_models",
    ("line", "mimo_panel"): "mimo_panel",
    ("line", "mimo_tools"): "mimo_tools",
    ("line", "mimo_session"): "mimo_session",
    ("line", "mimo_prompts"): "mimo_prompts",
    ("line", "mimo_tape"): "mimo_tape",
    ("line", "mimo_usage"): "mimo_usage",
    ("cell", "mimo_speak"): "speak_cell",
    ("line", "mimo_speak"): "speak_line",
    ("line", "mimo_transcribe"): "mimo_transcribe",
    ("cell", CHECK_MAGIC): "check_cell",
    ("cell", ASYNC_MAGICS[CHECK_MAGIC]): "check_cell_async",
    ("cell", MAP_MAGIC): "map_cell",
    ("cell", ASYNC_MAGICS[MAP_MAGIC]): "map_cell_async",
    ("cell", "mimo_fix"): "fix_cell",
    ("line", "mimo_fix"): "fix_line",
    ("cell", "mimo_test"): "test_cell",
    ("line", "mimo_test"): "test_line",
}
"""By kind and name of a magic: its method."""

LOST_PROMPTS = Translatable(
    "A line of this cell ends in a question mark and opened IPython's help, as the extension was not loaded yet. "
    "Run this cell again."
)


RELOAD_NOTICE = Translatable(
    "The settings and sessions of this kernel were kept. %unload_ext mimo_magics discards them."
)


class LazyMagic:
    """A magic that imports its implementation on first use, or when its help is shown."""

    def __init__(self, extension: Extension, method: str) -> None:
        self._extension = extension
        self._method = method
        no_var_expand(self)
        if method in ("mimo_line", "speak_line"):
            needs_local_scope(self)

    def __call__(self, *args: str, **scope: Any) -> Any:
        return getattr(self._extension.magics, self._method)(*args, **scope)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return str(getattr(self._extension.magics, self._method).__doc__)


class Extension:
    """The extension in one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._config = MimoConfig(parent=shell)
        self._input_transforms = InputTransforms(shell)
        self._cell_transform = AsyncCellTransform(shell)
        self._cell_ids = CellIds(shell)
        self._error_recorder = ErrorRecorder(shell)
        self._cell_recorder = CellRecorder(shell)
        self._magics: MimoMagics | None = None
        self._lock = Lock()
        """Held while the magics are created, as cells of subshells run in threads."""

    def load(self) -> None:
        """Register the settings, transforms, completions and magics."""
        for warning in self._config.warnings:
            print(translate(warning), file=sys.stderr)  # noqa: T201
        if has_lost_prompts(self._shell):
            print(translate(LOST_PROMPTS), file=sys.stderr)  # noqa: T201
        self._shell.configurables.append(self._config)
        self._input_transforms.install()
        self._cell_transform.install()
        self._cell_ids.install()
        self._error_recorder.install()
        self._cell_recorder.install()
        self._shell.Completer.custom_matchers.append(self.completions)
        if self._magics:
            self._magics.install()
        self._register_magics()

    def reload(self) -> None:
        """Register everything again, with the present settings and sessions."""
        if self._config.written_settings or (self._magics and self._magics.has_turns):
            print(translate(RELOAD_NOTICE))  # noqa: T201
        self._config.reload()
        self.load()

    def unload(self) -> None:
        """Unregister everything."""
        if panels := sys.modules.get("mimo_magics.notebook.panel.panel"):
            panels.close_all()
        self._shell.configurables.remove(self._config)
        self._cell_transform.uninstall()
        self._input_transforms.uninstall()
        self._cell_ids.uninstall()
        self._error_recorder.uninstall()
        self._cell_recorder.uninstall()
        self._shell.Completer.custom_matchers.remove(self.completions)
        for kind, name in MAGICS:
            del self._shell.magics_manager.magics[kind][name]
        if self._magics:
            self._magics.uninstall()

    @context_matcher(identifier="mimo_magics", priority=1)  # type: ignore[untyped-decorator]
    def completions(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return the completions for Tab. They are imported on the first use in a cell or line of these magics."""
        text = _text_before_cursor(context)
        if "%mimo" not in text or not ends_in_magic(text):
            return {"completions": [], "suppress": False}
        from mimo_magics.notebook.completion import matcher

        sessions = self._magics.session_selection.sessions.list() if self._magics else ()
        return matcher.match_completions(text, self._shell, self._config, sessions)

    @property
    def settings(self) -> Settings:
        """The present settings of the shell."""
        return self._config.snapshot()

    @property
    def magics(self) -> MimoMagics:
        """The magics, which are created on first use and replace the lazy ones."""
        with self._lock:
            if self._magics is None:
                from mimo_magics.notebook.magics import MimoMagics

                self._magics = MimoMagics(self._shell, self._config, self._cell_ids, self._cell_recorder)
                self._register_magics()
            return self._magics

    def _register_magics(self) -> None:
        for (kind, name), method in MAGICS.items():
            magic = getattr(self._magics, method) if self._magics else LazyMagic(self, method)
            self._shell.register_magic_function(magic, kind, name)


def _text_before_cursor(context: CompletionContext) -> str:
    *previous_lines, _ = context.full_text.split("\n")[: context.cursor_line + 1]
    return "\n".join((*previous_lines, context.text_until_cursor))


_loaded: WeakKeyDictionary[Any, Extension] = WeakKeyDictionary()
_unloaded: WeakKeyDictionary[Any, tuple[Extension, object]] = WeakKeyDictionary()
"""Unloaded extensions, each with the spec of the package at that time."""


def load(shell: Any) -> None:
    """Load the extension; does nothing if it is loaded.

    `%reload_ext` unloads it, executes the package again, which changes its spec, and loads it. Then the settings and
    sessions are kept, as without them the next prompt would go to another service. `%unload_ext` discards them.
    """
    if shell in _loaded:
        return
    defaults.set_provider(_get_current_settings)
    current_session.set_session_provider(_find_current_session)
    row_store_path.set_notebook_provider(_find_notebook)
    extension, spec = _unloaded.pop(shell, (None, None))
    if extension and spec is not _package_spec():
        _loaded[shell] = extension
        extension.reload()
    else:
        _loaded[shell] = Extension(shell)
        _loaded[shell].load()


def _get_current_settings() -> Settings:
    """Return the settings of the current shell, or the built-in ones if the extension is not loaded in it."""
    shell = get_ipython()
    return _loaded[shell].settings if shell in _loaded else Settings()


def _find_current_session() -> Session | None:
    """Return the current session of the current shell, or `None` if the extension is not loaded in it."""
    shell = get_ipython()
    return _loaded[shell].magics.session_selection.sessions.current if shell in _loaded else None


def _find_notebook() -> Path | None:
    """Return the path of the notebook of the current shell; `None` if it is unknown."""
    shell = get_ipython()
    if shell not in _loaded:
        return None
    extension = _loaded[shell]
    return extension.magics.session_selection.notebook_path(extension.settings)


def _package_spec() -> object:
    return sys.modules["mimo_magics"].__spec__


def sessions() -> Sessions:
    """Return the sessions of this kernel: `sessions().current.turns`.

    Raises:
        BadOption: the extension is not loaded.
    """
    extension = _get_extension()
    return extension.magics.session_selection.sessions


def panel() -> None:
    """Show the settings of this kernel as sliders and buttons, as `%mimo_panel` does.

    Raises:
        BadOption: the extension is not loaded.
    """
    _get_extension().magics.show_panel()


def _get_extension() -> Extension:
    shell = get_ipython()
    if shell not in _loaded:
        raise BadOption(Translatable("The extension is not loaded."), "%load_ext mimo_magics")
    return _loaded[shell]


def unload(shell: Any) -> None:
    """Unload the extension; does nothing if it is not loaded."""
    if shell in _loaded:
        extension = _loaded.pop(shell)
        extension.unload()
        _unloaded[shell] = extension, _package_spec()
