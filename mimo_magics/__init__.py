"""Jupyter magics for the Xiaomi MiMo models.

In a notebook, run `%load_ext mimo_magics`, then use `%%mimo` cells. In plain Python:

    from mimo_magics import Session, ask

Importing this module imports no other module of the package. Names are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimo_magics.batch.map_result import MapResult
    from mimo_magics.batch.row_result import RowResult
    from mimo_magics.context.media_file import Audio, Image, Video
    from mimo_magics.context.registry import register_context
    from mimo_magics.core.errors import MimoError
    from mimo_magics.core.events import (
        Annotations,
        Approval,
        ModelPreparation,
        Note,
        Notice,
        PendingApproval,
        PromptContext,
        ReasoningDelta,
        ResponseRestarted,
        ResponseStarted,
        Retrying,
        Stopped,
        TextDelta,
        ToolCallDelta,
        ToolCallStart,
        ToolProgress,
        UsageUpdate,
    )
    from mimo_magics.core.messages import (
        Annotation,
        AudioPart,
        ImagePart,
        Message,
        ReasoningPart,
        Reply,
        TextPart,
        Timing,
        ToolCall,
        ToolResult,
        Usage,
        VideoPart,
    )
    from mimo_magics.core.run_progress import RunProgress
    from mimo_magics.core.version import __version__ as __version__
    from mimo_magics.notebook.extension import panel, sessions
    from mimo_magics.prompts.prompt_function import PromptFunction, load_prompt
    from mimo_magics.prompts.row_map import (
        amap,
        map as map,  # noqa: A004
        plan_map,
    )
    from mimo_magics.session.comparison.result import Comparison
    from mimo_magics.session.dry_run import DryRun
    from mimo_magics.session.session import Session, ask
    from mimo_magics.session.speech import Speech, speak
    from mimo_magics.session.structured.result import StructuredReply
    from mimo_magics.session.transcription import Transcription, transcribe
    from mimo_magics.session.turn import Turn
    from mimo_magics.tools.registry import tool

__all__ = [
    "Annotation",
    "Annotations",
    "Approval",
    "Audio",
    "AudioPart",
    "Comparison",
    "DryRun",
    "Image",
    "ImagePart",
    "MapResult",
    "Message",
    "MimoError",
    "ModelPreparation",
    "Note",
    "Notice",
    "PendingApproval",
    "PromptContext",
    "PromptFunction",
    "ReasoningDelta",
    "ReasoningPart",
    "Reply",
    "ResponseRestarted",
    "ResponseStarted",
    "Retrying",
    "RowResult",
    "RunProgress",
    "Session",
    "Speech",
    "Stopped",
    "StructuredReply",
    "TextDelta",
    "TextPart",
    "Timing",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallStart",
    "ToolProgress",
    "ToolResult",
    "Transcription",
    "Turn",
    "Usage",
    "UsageUpdate",
    "Video",
    "VideoPart",
    "amap",
    "ask",
    "load_prompt",
    "panel",
    "plan_map",
    "register_context",
    "sessions",
    "speak",
    "tool",
    "transcribe",
]

# `map` is not in the list: a star import would replace the built-in function.

_NAMES_BY_MODULE = {
    "batch.map_result": ("MapResult",),
    "batch.row_result": ("RowResult",),
    "context.media_file": ("Audio", "Image", "Video"),
    "context.registry": ("register_context",),
    "core.errors": ("MimoError",),
    "core.events": (
        "Annotations",
        "Approval",
        "ModelPreparation",
        "Note",
        "Notice",
        "PendingApproval",
        "PromptContext",
        "ReasoningDelta",
        "ResponseRestarted",
        "ResponseStarted",
        "Retrying",
        "Stopped",
        "TextDelta",
        "ToolCallDelta",
        "ToolCallStart",
        "ToolProgress",
        "UsageUpdate",
    ),
    "core.messages": (
        "Annotation",
        "AudioPart",
        "ImagePart",
        "Message",
        "ReasoningPart",
        "Reply",
        "TextPart",
        "Timing",
        "ToolCall",
        "ToolResult",
        "Usage",
        "VideoPart",
    ),
    "core.run_progress": ("RunProgress",),
    "core.version": ("__version__",),
    "notebook.extension": ("panel", "sessions"),
    "prompts.prompt_function": ("PromptFunction", "load_prompt"),
    "prompts.row_map": ("amap", "map", "plan_map"),
    "session.comparison.result": ("Comparison",),
    "session.dry_run": ("DryRun",),
    "session.session": ("Session", "ask"),
    "session.speech": ("Speech", "speak"),
    "session.structured.result": ("StructuredReply",),
    "session.transcription": ("Transcription", "transcribe"),
    "session.turn": ("Turn",),
    "tools.registry": ("tool",),
}
_MODULES = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Load the magics into a shell: `%load_ext mimo_magics`.

    Raises:
        MimoError: IPython is too old, as in Colab; nothing was loaded.
    """
    from mimo_magics.notebook.ipython_version import check_ipython_version

    check_ipython_version()
    from mimo_magics.notebook.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Remove the magics from a shell: `%unload_ext mimo_magics`."""
    from mimo_magics.notebook.extension import unload

    unload(ipython)
