"""Images and audio are sent only to models and formats that support them."""

import pytest

from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    Params,
    Request,
    TextPart,
    system_message,
    user_message,
)
from mimo_magics.core.settings import Api
from mimo_magics.session.attachments import replace_unsupported_parts
from mimo_magics.wire.formats import FORMATS

PICTURE = ImagePart("https://example.org/cat.png")
SOUND = AudioPart("https://example.org/cat.mp3")
NO_PICTURE = TextPart("\n(An image was omitted: this model does not accept images.)\n")
NO_SOUND = TextPart("\n(Audio was omitted: this model does not accept audio.)\n")
UNSAYABLE = TextPart("\n(Audio was omitted: the API format does not support it.)\n")
WHAT = TextPart("What is it?")


def prompt(*parts: object) -> Message:
    return Message("user", parts)


@pytest.mark.parametrize(
    ("model", "api", "parts", "notes"),
    [
        ("mimo-v2-omni", "openai", (PICTURE, SOUND, WHAT), ()),
        ("someone-elses", "openai", (PICTURE, SOUND, WHAT), ()),
        (
            "mimo-v2-pro",
            "openai",
            (NO_PICTURE, NO_SOUND, WHAT),
            (
                "mimo-v2-pro does not accept images: 1 was not sent.",
                "mimo-v2-pro does not accept audio: 1 was not sent.",
            ),
        ),
        (
            "mimo-v2-omni",
            "anthropic",
            (PICTURE, UNSAYABLE, WHAT),
            ("The Anthropic format does not support audio: 1 was not sent.",),
        ),
        (
            "mimo-v2-pro",
            "anthropic",
            (NO_PICTURE, NO_SOUND, WHAT),
            (
                "mimo-v2-pro does not accept images: 1 was not sent.",
                "mimo-v2-pro does not accept audio: 1 was not sent.",
            ),
        ),
    ],
)
def test_parts_that_are_not_supported_become_text(
    model: str, api: Api, parts: tuple[object, ...], notes: tuple[str, ...]
) -> None:
    assert replace_unsupported_parts([prompt(PICTURE, SOUND, WHAT)], model, api) == ((prompt(*parts),), notes)


def test_one_line_counts_all_omitted_parts_of_a_type() -> None:
    messages, notes = replace_unsupported_parts(
        [prompt(WHAT, PICTURE, PICTURE), prompt(PICTURE)], "mimo-v2-pro", "openai"
    )
    assert messages == (prompt(WHAT, NO_PICTURE, NO_PICTURE), prompt(NO_PICTURE))
    assert notes == ("mimo-v2-pro does not accept images: 3 were not sent.",)


def test_other_messages_are_the_same_objects() -> None:
    before = (system_message("Be brief."), prompt(PICTURE), user_message("And?"))
    after, _ = replace_unsupported_parts(before, "mimo-v2-pro", "openai")
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
    saved, notes = replace_unsupported_parts(before, "mimo-v2-omni", "openai")
    assert all(one is other for one, other in zip(before, saved, strict=True))
    assert notes == ()


def test_the_remaining_parts_can_be_encoded_in_the_anthropic_format() -> None:
    messages, _ = replace_unsupported_parts([prompt(SOUND)], "mimo-v2-omni", "anthropic")
    body = FORMATS["anthropic"].encode(Request(messages, Params("mimo-v2-omni", max_completion_tokens=9)))
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": UNSAYABLE.text}]},
    ]
