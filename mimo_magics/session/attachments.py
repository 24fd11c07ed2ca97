"""Images, audio and video in a request. Those that the model, the format or the setting `share` excludes are never sent.

In the prompt of a turn they are an error before sending: servers drop them without a word, or refuse the request. In older turns
they become text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import AudioPart, ImagePart, MediaPart, Message, Part, TextPart, VideoPart
from mimo_magics.core.models import MEDIA_MODELS, accepts_audio, accepts_images, accepts_video
from mimo_magics.core.settings import Api, Share

MEDIA_SERVICE = "xiaomi"
"""The service that is named to users of a service without a model for media."""
NOT_SHARED = Translatable("share=schema sends no images, audio or video")
SHARE_ADVICE = Translatable("Remove them, or share them for this prompt: --share sample")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a request goes, as far as it decides on media."""

    model: str
    api: Api
    share: Share = "full"
    service: str = ""
    """Name of the preset."""


@dataclass(frozen=True, slots=True)
class _Exclusion:
    """A type of parts that is not sent."""

    part_type: type[MediaPart]
    placeholder: str
    """Text for the model in place of a part of an older turn."""
    reason: str
    """Text for the user."""
    advice: str
    """What the user can do."""
    keeps_urls: bool = False
    """Whether only data is excluded, and web addresses are sent."""

    def applies_to(self, part: object) -> bool:
        """Return whether a part is not sent."""
        if not isinstance(part, self.part_type):
            return False
        return not self.keeps_urls or part.url[:5].lower() == "data:"


def check_prompt_media(prompt: Message, recipient: Recipient) -> None:
    """Check that all media of a prompt can be sent.

    Raises:
        BadOption: the model, the format or the setting `share` excludes them; nothing was sent.
    """
    for exclusion in _find_exclusions(recipient):
        if any(map(exclusion.applies_to, prompt.parts)):
            raise BadOption(Translatable("{fact}.", fact=exclusion.reason), exclusion.advice)


def replace_unsupported_parts(
    messages: Sequence[Message], recipient: Recipient
) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Replace the media that are excluded with text. An unknown model is assumed to support all.

    Args:
        messages: messages of the request.
        recipient: where they go.

    Returns:
        The messages, and a line for the user for each type of replaced parts. Other messages are the same objects.
    """
    exclusions = tuple(_find_exclusions(recipient))
    counts: Counter[str] = Counter()
    replaced = tuple(_replace_parts(message, exclusions, counts) for message in messages)
    notes = (
        Translatable("{why}: {what}.", why=reason, what=_omitted_count_text(count))
        for reason, count in counts.items()
    )
    return replaced, tuple(notes)


def _find_exclusions(recipient: Recipient) -> Iterator[_Exclusion]:
    """Yield what is excluded. The first exclusion of a part counts."""
    model, advice = recipient.model, _advise_model(recipient.service)
    if not accepts_images(model):
        reason = Translatable("{model} does not accept images", model=model)
        yield _Exclusion(ImagePart, "An image was omitted: this model does not accept images", reason, advice)
    if not accepts_audio(model):
        reason = Translatable("{model} does not accept audio", model=model)
        yield _Exclusion(AudioPart, "Audio was omitted: this model does not accept audio", reason, advice)
    if not accepts_video(model):
        reason = Translatable("{model} does not accept video", model=model)
        yield _Exclusion(VideoPart, "A video was omitted: this model does not accept video", reason, advice)
    if recipient.api == "anthropic":
        advice = Translatable("Use --api openai.")
        reason = Translatable("The Anthropic format does not support audio")
        yield _Exclusion(AudioPart, "Audio was omitted: the API format does not support it", reason, advice)
        reason = Translatable("The Anthropic format does not support video")
        yield _Exclusion(VideoPart, "A video was omitted: the API format does not support it", reason, advice)
    if recipient.share == "schema":
        yield from _find_private_media()


def _find_private_media() -> Iterator[_Exclusion]:
    for part_type in (ImagePart, AudioPart, VideoPart):
        placeholder = f"{part_type.type.capitalize()} was omitted: it is not shared"
        yield _Exclusion(part_type, placeholder, NOT_SHARED, SHARE_ADVICE, keeps_urls=True)


def _advise_model(service: str) -> str:
    if service in MEDIA_MODELS:
        return Translatable("Use a model that does: --model {model}", model=MEDIA_MODELS[service])
    return Translatable(
        "Use a service and a model that do: --preset {preset} --model {model}",
        preset=MEDIA_SERVICE,
        model=MEDIA_MODELS[MEDIA_SERVICE],
    )


def _replace_parts(message: Message, exclusions: Sequence[_Exclusion], counts: Counter[str]) -> Message:
    found = {
        place: exclusion
        for place, part in enumerate(message.parts)
        if (exclusion := next((each for each in exclusions if each.applies_to(part)), None))
    }
    if not found:
        return message
    counts.update(exclusion.reason for exclusion in found.values())
    return replace(message, parts=tuple(_substitute(found, *each) for each in enumerate(message.parts)))


def _substitute(found: Mapping[int, _Exclusion], place: int, part: Part) -> Part:
    return TextPart(f"\n({found[place].placeholder}.)\n") if place in found else part


def _omitted_count_text(count: int) -> str:
    return Translatable("1 was not sent" if count == 1 else "{count} were not sent", count=count)
