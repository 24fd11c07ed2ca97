"""The approval of a voice clone: a recording of somebody's voice is sent only after a confirmation."""

from __future__ import annotations

import json

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ToolCall
from mimo_magics.session.audio_source import AudioSource
from mimo_magics.session.session import Session
from mimo_magics.tools.approval import ApprovalCallback, get_decision
from mimo_magics.tools.registry import as_tools


def clone_voice(recording: str, seconds: float, sent_to: str) -> None:
    """Send a recording of a voice to a service, which imitates the voice."""


def confirm_voice_clone(
    recording: AudioSource, host: str, approve: ApprovalCallback, session: Session | None
) -> None:
    """Ask before a recording is sent. An approval for the session holds for this recording only.

    Raises:
        BadOption: the user refused, or the run is unattended.
    """
    (tool,) = as_tools([clone_voice])
    trusted = session.trusted_tools if session else {}
    name = f"{tool.name} {recording.digest}"
    if tool.is_same_as(trusted.get(name)):
        return
    arguments = {
        "recording": recording.name,
        "seconds": round(recording.info.seconds, 1),
        "sent_to": host,
    }
    decision = get_decision(ToolCall("", tool.name, json.dumps(arguments, ensure_ascii=False)), approve)
    if not decision.allowed:
        raise BadOption(
            Translatable("The voice clone was not approved; nothing was sent."),
            Translatable(
                "It sends a recording of a voice. Run the cell again and approve it; an unattended run "
                "refuses it."
            ),
        )
    if decision.for_session:
        trusted[name] = tool
