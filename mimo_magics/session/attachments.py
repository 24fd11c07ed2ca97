"""Images and audio in a request: parts that the model or the format does not support become text."""

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
    """A type of parts that the model or the format does not support."""

    part_type: type[ImagePart | AudioPart]
    placeholder: str
    """Text for the model in place of the part."""
    reason: str
    """Text for the user."""


def replace_unsupported_parts(
    messages: Sequence[Message], model: str, api: Api
) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Replace the images and audio that are not supported with text. An unknown model is assumed to support both.

    Args:
        messages: messages of the request.
        model: id of the model.
        api: API format. The Anthropic format does not support audio.

    Returns:
        The messages, and a line for the user for each type of replaced parts. Other messages are the same objects.
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
        yield _UnsupportedPart(ImagePart, "An image was omitted: this model does not accept images", reason)
    if not accepts_audio(model):
        yield _UnsupportedPart(
            AudioPart,
            "Audio was omitted: this model does not accept audio",
            Translatable("{model} does not accept audio", model=model),
        )
    elif api == "anthropic":
        reason = Translatable("The Anthropic format does not support audio")
        yield _UnsupportedPart(AudioPart, "Audio was omitted: the API format does not support it", reason)


def _replace_parts(message: Message, placeholders: Mapping[type, TextPart]) -> Message:
    if not any(type(part) in placeholders for part in message.parts):
        return message
    return replace(message, parts=tuple(placeholders.get(type(part), part) for part in message.parts))


def _omitted_count_text(count: int) -> str:
    return Translatable("1 was not sent" if count == 1 else "{count} were not sent", count=count)
