"""Pictures and sounds go only to a model that takes them, in a format that can say them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import AudioPart, ImagePart, Message, TextPart
from mimo_magics.core.models import accepts_audio, accepts_images
from mimo_magics.core.settings import Api


@dataclass(frozen=True, slots=True)
class _UnsupportedPart:
    """A kind of parts that cannot be sent."""

    part_type: type[ImagePart | AudioPart]
    placeholder: str
    """What the model is told instead."""
    reason: str
    """What the person is told."""


def replace_unsupported_parts(
    messages: Sequence[Message], model: str, api: Api
) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Put words in the place of pictures and sounds that cannot be sent.

    A model that is not known is thought to see and to hear.

    Args:
        messages: what is to be sent.
        model: the model's id.
        api: the format; Anthropic's has no sound.

    Returns:
        The messages, those without such parts as they were, and a line for the person for each kind of such parts.
    """
    part_counts = Counter(type(part) for message in messages for part in message.parts)
    unsupported = [each for each in _find_unsupported(model, api) if part_counts[each.part_type]]
    placeholders = {each.part_type: TextPart(f"\n({each.placeholder}.)\n") for each in unsupported}
    notes = (
        Translatable("{why}: {what}.", why=each.reason, what=_omitted_count_text(part_counts[each.part_type]))
        for each in unsupported
    )
    return tuple(_replace_parts(message, placeholders) for message in messages), tuple(notes)


def _find_unsupported(model: str, api: Api) -> Iterator[_UnsupportedPart]:
    if not accepts_images(model):
        reason = Translatable("{model} does not accept images", model=model)
        yield _UnsupportedPart(ImagePart, "A picture was left out: this model takes none", reason)
    if not accepts_audio(model):
        yield _UnsupportedPart(
            AudioPart,
            "A sound was left out: this model takes none",
            Translatable("{model} does not accept audio", model=model),
        )
    elif api == "anthropic":
        reason = Translatable("The Anthropic format does not support audio")
        yield _UnsupportedPart(AudioPart, "A sound was left out: it cannot be sent", reason)


def _replace_parts(message: Message, placeholders: Mapping[type, TextPart]) -> Message:
    if not any(type(part) in placeholders for part in message.parts):
        return message
    return replace(message, parts=tuple(placeholders.get(type(part), part) for part in message.parts))


def _omitted_count_text(count: int) -> str:
    return Translatable("1 was not sent" if count == 1 else "{count} were not sent", count=count)
