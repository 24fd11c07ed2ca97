"""Images, audio and video are sent only where the model, the format and the setting `share` allow it."""

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    Params,
    Request,
    TextPart,
    VideoPart,
    system_message,
    user_message,
)
from mimo_magics.session.attachments import Recipient, check_prompt_media, replace_unsupported_parts
from mimo_magics.wire.formats import FORMATS

PICTURE = ImagePart("https://example.org/cat.png")
SOUND = AudioPart("https://example.org/cat.mp3")
FILM = VideoPart("https://example.org/cat.mp4")
NO_PICTURE = TextPart("\n(An image was omitted: this model does not accept images.)\n")
NO_SOUND = TextPart("\n(Audio was omitted: this model does not accept audio.)\n")
NO_FILM = TextPart("\n(A video was omitted: this model does not accept video.)\n")
UNSAYABLE = TextPart("\n(Audio was omitted: the API format does not support it.)\n")
UNSHOWABLE = TextPart("\n(A video was omitted: the API format does not support it.)\n")
WHAT = TextPart("What is it?")
NOTHING_ACCEPTED = (
    "mimo-v2-pro does not accept images: 1 was not sent.",
    "mimo-v2-pro does not accept audio: 1 was not sent.",
    "mimo-v2-pro does not accept video: 1 was not sent.",
)


def prompt(*parts: object) -> Message:
    return Message("user", parts)


ALL = prompt(PICTURE, SOUND, FILM, WHAT)


@pytest.mark.parametrize(
    ("recipient", "parts", "notes"),
    [
        (Recipient("mimo-v2-omni", "openai"), ALL.parts, ()),
        (Recipient("someone-elses", "openai"), ALL.parts, ()),
        (Recipient("mimo-v2-pro", "openai"), (NO_PICTURE, NO_SOUND, NO_FILM, WHAT), NOTHING_ACCEPTED),
        (
            Recipient("mimo-v2-omni", "anthropic"),
            (PICTURE, UNSAYABLE, UNSHOWABLE, WHAT),
            (
                "The Anthropic format does not support audio: 1 was not sent.",
                "The Anthropic format does not support video: 1 was not sent.",
            ),
        ),
        (Recipient("mimo-v2-pro", "anthropic"), (NO_PICTURE, NO_SOUND, NO_FILM, WHAT), NOTHING_ACCEPTED),
        (Recipient("mimo-v2-omni", "openai", "schema"), ALL.parts, ()),
    ],
)
def test_parts_of_older_turns_that_are_not_supported_become_text(
    recipient: Recipient, parts: tuple[object, ...], notes: tuple[str, ...]
) -> None:
    assert replace_unsupported_parts([ALL], recipient) == ((prompt(*parts),), notes)


def test_data_of_older_turns_becomes_text_if_only_schemas_are_shared() -> None:
    parts = (ImagePart("data:image/png;base64,AA=="), AudioPart("DATA:,a"), VideoPart("data:,b"), PICTURE)
    assert replace_unsupported_parts([prompt(*parts)], Recipient("mimo-v2-omni", "openai", "schema")) == (
        (
            prompt(
                TextPart("\n(Image was omitted: it is not shared.)\n"),
                TextPart("\n(Audio was omitted: it is not shared.)\n"),
                TextPart("\n(Video was omitted: it is not shared.)\n"),
                PICTURE,
            ),
        ),
        ("share=schema sends no images, audio or video: 3 were not sent.",),
    )


def test_one_line_counts_all_omitted_parts_of_a_type() -> None:
    messages, notes = replace_unsupported_parts(
        [prompt(WHAT, PICTURE, PICTURE), prompt(PICTURE)], Recipient("mimo-v2-pro", "openai")
    )
    assert messages == (prompt(WHAT, NO_PICTURE, NO_PICTURE), prompt(NO_PICTURE))
    assert notes == ("mimo-v2-pro does not accept images: 3 were not sent.",)


def test_other_messages_are_the_same_objects() -> None:
    before = (system_message("Be brief."), prompt(PICTURE), user_message("And?"))
    after, _ = replace_unsupported_parts(before, Recipient("mimo-v2-pro", "openai"))
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
    saved, notes = replace_unsupported_parts(before, Recipient("mimo-v2-omni", "openai"))
    assert all(one is other for one, other in zip(before, saved, strict=True))
    assert notes == ()


def test_the_remaining_parts_can_be_encoded_in_the_anthropic_format() -> None:
    messages, _ = replace_unsupported_parts([prompt(SOUND)], Recipient("mimo-v2-omni", "anthropic"))
    body = FORMATS["anthropic"].encode(Request(messages, Params("mimo-v2-omni", max_completion_tokens=9)))
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": UNSAYABLE.text}]},
    ]


@pytest.mark.parametrize(
    ("part", "recipient", "error"),
    [
        (
            PICTURE,
            Recipient("mimo-v2-pro", "openai", service="mimo-v2"),
            ("mimo-v2-pro does not accept images.", "Use a model that does: --model mimo-v2-omni"),
        ),
        (
            SOUND,
            Recipient("mimo-v2-pro", "anthropic", service="xiaomi"),
            ("mimo-v2-pro does not accept audio.", "Use a model that does: --model mimo-v2.6-flash"),
        ),
        (
            FILM,
            Recipient("mimo-local", "openai", service="local"),
            (
                "mimo-local does not accept video.",
                "Use a service and a model that do: --preset xiaomi --model mimo-v2.6-flash",
            ),
        ),
        (
            SOUND,
            Recipient("mimo-v2.6-pro", "anthropic"),
            ("The Anthropic format does not support audio.", "Use --api openai."),
        ),
        (
            FILM,
            Recipient("someone-elses", "anthropic"),
            ("The Anthropic format does not support video.", "Use --api openai."),
        ),
        (
            ImagePart("data:image/png;base64,AA=="),
            Recipient("mimo-v2.6-pro", "openai", "schema"),
            (
                "share=schema sends no images, audio or video.",
                "Remove them, or share them for this prompt: --share sample",
            ),
        ),
    ],
)
def test_media_of_a_prompt_that_cannot_be_sent_are_an_error(
    part: object, recipient: Recipient, error: tuple[str, str]
) -> None:
    with pytest.raises(BadOption) as failure:
        check_prompt_media(prompt(WHAT, part), recipient)
    assert failure.value.lines == error
    assert failure.value.was_sent is False


def test_media_of_a_prompt_that_can_be_sent_are_no_error() -> None:
    check_prompt_media(ALL, Recipient("mimo-v2.6-pro", "openai", "schema"))
    check_prompt_media(prompt(PICTURE), Recipient("mimo-v2.6-pro", "anthropic"))
    check_prompt_media(prompt(WHAT), Recipient("mimo-local", "anthropic", "schema"))
