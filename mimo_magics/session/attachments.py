"""Pictures and sounds go only to a model that takes them, in a format that can say them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import AudioPart, ImagePart, Message, TextPart
from mimo_magics.core.models import accepts_audio, accepts_images
from mimo_magics.core.settings import Api


@dataclass(frozen=True, slots=True)
class _Missing:
    """A kind of parts that cannot be sent."""

    kind: type[ImagePart | AudioPart]
    stand_in: str
    """What the model is told instead."""
    why: str
    """What the person is told."""


def fitted(messages: Sequence[Message], model: str, api: Api) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Put words in the place of pictures and sounds that cannot be sent.

    A model that is not known is thought to see and to hear.

    Args:
        messages: what is to be sent.
        model: the model's id.
        api: the format; Anthropic's has no sound.

    Returns:
        The messages, those without such parts as they were, and a line for the person for each kind of such parts.
    """
    kinds = Counter(type(part) for message in messages for part in message.parts)
    missing = [each for each in _missing(model, api) if kinds[each.kind]]
    words = {each.kind: TextPart(f"\n({each.stand_in}.)\n") for each in missing}
    notes = (Words("{why}: {what}.", why=each.why, what=_left_out(kinds[each.kind])) for each in missing)
    return tuple(_told(message, words) for message in messages), tuple(notes)


def _missing(model: str, api: Api) -> Iterator[_Missing]:
    if not accepts_images(model):
        why = Words("{model} takes no pictures", model=model)
        yield _Missing(ImagePart, "A picture was left out: this model takes none", why)
    if not accepts_audio(model):
        yield _Missing(
            AudioPart,
            "A sound was left out: this model takes none",
            Words("{model} takes no sound", model=model),
        )
    elif api == "anthropic":
        why = Words("The Anthropic format has no sound")
        yield _Missing(AudioPart, "A sound was left out: it cannot be sent", why)


def _told(message: Message, words: Mapping[type, TextPart]) -> Message:
    if not any(type(part) in words for part in message.parts):
        return message
    return replace(message, parts=tuple(words.get(type(part), part) for part in message.parts))


def _left_out(count: int) -> str:
    return Words("1 was left out" if count == 1 else "{count} were left out", count=count)
