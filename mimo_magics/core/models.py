"""Published figures of the models. They are hints only: every model id is valid, and the server decides.

Sources: the model pages of Xiaomi's platform (mimo.mi.com/docs) and of api.mimo-v2.com.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

MODELS_AS_OF = "2026-11-22"
"""The date of the sources."""

TOKENS_PER_ASCII_CHAR, TOKENS_PER_OTHER_CHAR = 0.25, 0.6
"""Approximate tokens per ASCII character and per other character. Only the server knows the exact count."""


@dataclass(frozen=True, slots=True)
class Model:
    """Published figures of one model."""

    id: str
    context_window: int
    """Maximum tokens of input and output together."""
    max_output: int
    """Maximum tokens of reasoning and text together."""
    thinks_by_default: bool
    """Whether thinking is on by default."""
    accepts_images: bool = False
    """Whether it accepts images."""
    accepts_audio: bool = False
    """Whether it accepts audio."""
    accepts_video: bool = False
    """Whether it accepts video."""


SUCCESSORS = {
    "mimo-v2-flash": "mimo-v2.6-flash",
    "mimo-v2-omni": "mimo-v2.6-flash",
    "mimo-v2-pro": "mimo-v2.6-pro",
    "mimo-v2.5": "mimo-v2.6-flash",
    "mimo-v2.5-pro": "mimo-v2.6-pro",
    "mimo-v2.5-pro-ultraspeed": "mimo-v2.6-pro-ultraspeed",
}
"""Models that Xiaomi's platform retired on 2026-06-30, 2026-09-08 (ultraspeed) and 2026-10-21, and their successors."""


DEFAULT_MAX_OUTPUT_TOKENS = 8_192
"""Output limit for an unknown model, in a format that requires a limit."""

ALL_MODALITIES = {"accepts_images": True, "accepts_audio": True, "accepts_video": True}
MODELS = {
    model.id: model
    for model in (
        Model("mimo-v2-flash", 262_144, 65_536, thinks_by_default=False),
        Model("mimo-v2-pro", 1_048_576, 131_072, thinks_by_default=True),
        Model("mimo-v2-omni", 262_144, 131_072, thinks_by_default=True, **ALL_MODALITIES),
        Model("mimo-v2.5", 1_048_576, 131_072, thinks_by_default=True, **ALL_MODALITIES),
        Model("mimo-v2.5-pro", 1_048_576, 131_072, thinks_by_default=True),
        Model("mimo-v2.5-pro-ultraspeed", 1_048_576, 131_072, thinks_by_default=True),
        Model("mimo-v2.6-flash", 1_048_576, 131_072, thinks_by_default=True, **ALL_MODALITIES),
        Model("mimo-v2.6-pro", 1_048_576, 131_072, thinks_by_default=True, **ALL_MODALITIES),
        Model("mimo-v2.6-pro-ultraspeed", 1_048_576, 131_072, thinks_by_default=True, **ALL_MODALITIES),
        # The figures of `mimo-local` follow from how `client/local/server` starts the model.
        Model("mimo-local", 8_192, 1_024, thinks_by_default=False),
    )
}
SPEECH_MODELS = {
    "mimo-v2": (Model("mimo-v2-tts", 8_192, 8_192, thinks_by_default=False),),
    "xiaomi": (
        *(
            Model(f"mimo-v2.5-tts{kind}", 8_192, 8_192, thinks_by_default=False)
            for kind in ("", "-voicedesign", "-voiceclone")
        ),
        Model("mimo-v2.5-asr", 8_192, 2_048, thinks_by_default=False),
    ),
}
"""Speech models by service. They are listed, but cannot reply to prompts."""
DEFAULT_VOICE = "mimo_default"
VOICES = {
    "mimo-v2-tts": (DEFAULT_VOICE, "default_zh", "default_en"),
    "mimo-v2.5-tts": (DEFAULT_VOICE, "冰糖", "茉莉", "苏打", "白桦", "Mia", "Chloe", "Milo", "Dean"),
}
"""The voices of the models that have some."""
MEDIA_MODELS = {"mimo-v2": "mimo-v2-omni", "xiaomi": "mimo-v2.6-flash"}
"""By service, the cheapest present model that accepts images, audio and video."""


FAMILY_ID = re.compile(r"mimo-v2(?:\.[0-9]{1,4})?(?P<kind>(?:-[a-z0-9]+)*)")


def find_model(model: str) -> Model | None:
    """Return the figures of a model, or `None` if they are unknown.

    A `mimo-v2.*` id that is newer than this table gets the figures of the latest model with the same suffix, such as
    `-pro`, or else of the latest model.
    """
    if model in MODELS:
        return MODELS[model]
    match = FAMILY_ID.fullmatch(model)
    if match is None or not is_chat_model(model):
        return None
    latest_first = [each for each in reversed(MODELS.values()) if FAMILY_ID.fullmatch(each.id)]
    relative = next((each for each in latest_first if _get_kind(each.id) == match["kind"]), latest_first[0])
    return replace(relative, id=model)


def is_other_model(requested_model: str, reply_model: str) -> bool:
    """Return whether another MiMo model than the requested one replied.

    Case and owner prefix of an id are ignored, as servers change them. Ids of other models are not compared.
    """
    reply_id, requested_id = (each.rpartition("/")[2].casefold() for each in (reply_model, requested_model))
    return reply_id != requested_id and find_model(reply_id) is not None


def _get_kind(model: str) -> str:
    match = FAMILY_ID.fullmatch(model)
    return match["kind"] if match else ""


def choose_max_tokens(
    requested: int | None, model: str, *, is_required: bool, ceiling: int | None = None
) -> int | None:
    """Return the output limit to send, in tokens of reasoning and text together.

    Args:
        requested: the limit that the user set.
        model: the model's id.
        is_required: whether the format requires a limit (Anthropic). The highest allowed limit is then the default.
        ceiling: the highest limit that the service allows.
    """
    known_model = find_model(model)
    highest = min(
        (bound for bound in (known_model and known_model.max_output, ceiling) if bound), default=None
    )
    if requested is not None:
        return min(requested, highest or requested)
    return (highest or DEFAULT_MAX_OUTPUT_TOKENS) if is_required else None


def is_chat_model(model: str) -> bool:
    """Return whether a model replies to prompts, so is not a speech model."""
    return "-tts" not in model and not model.endswith("-asr")


def accepts_images(model: str) -> bool:
    """Return whether a model accepts images. Unknown models are assumed to."""
    known_model = find_model(model)
    return known_model is None or known_model.accepts_images


def accepts_audio(model: str) -> bool:
    """Return whether a model accepts audio. Unknown models are assumed to."""
    known_model = find_model(model)
    return known_model is None or known_model.accepts_audio


def accepts_video(model: str) -> bool:
    """Return whether a model accepts video. Unknown models are assumed to."""
    known_model = find_model(model)
    return known_model is None or known_model.accepts_video


def estimate_tokens(text: str) -> float:
    """Estimate the number of tokens in a text from its characters."""
    ascii_chars = len(text.encode("ascii", "ignore"))
    return TOKENS_PER_ASCII_CHAR * ascii_chars + TOKENS_PER_OTHER_CHAR * (len(text) - ascii_chars)
