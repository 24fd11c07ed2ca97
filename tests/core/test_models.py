"""Published figures of the models, and the output limits that follow from them."""

from dataclasses import replace

import pytest

from mimo_magics.core.models import (
    DEFAULT_MAX_OUTPUT_TOKENS,
    MODELS,
    Model,
    accepts_audio,
    accepts_images,
    choose_max_tokens,
    estimate_tokens,
    find_model,
    is_chat_model,
    is_other_model,
)
from mimo_magics.core.services import LOCAL_SERVICE


def test_the_default_model_has_the_published_figures():
    assert MODELS["mimo-v2-pro"] == Model("mimo-v2-pro", 1_048_576, 131_072, thinks_by_default=True)


def test_the_maximum_output_of_every_model_fits_its_context_window():
    for name, model in MODELS.items():
        assert model.id == name == name.lower()
        assert 0 < model.max_output < model.context_window


def test_thinking_is_off_by_default_for_v2_flash_and_the_embedded_model_only():
    assert [name for name, model in MODELS.items() if not model.thinks_by_default] == [
        "mimo-v2-flash",
        "mimo-local",
    ]


def test_the_embedded_model_has_the_figures_of_its_server():
    local_server = pytest.importorskip(
        "mimo_magics.client.local.server", reason="pip install 'mimo-magics[local]'"
    )
    assert MODELS[LOCAL_SERVICE.model] == Model(
        local_server.MODEL_ALIAS,
        local_server.CONTEXT_TOKENS,
        local_server.MAX_REPLY_TOKENS,
        thinks_by_default=False,
    )
    assert is_chat_model(LOCAL_SERVICE.model)


@pytest.mark.parametrize(
    ("model", "accepted"),
    [
        ("mimo-v2-flash", (False, False)),
        ("mimo-v2-pro", (False, False)),
        ("mimo-v2-omni", (True, True)),
        ("mimo-v2.5", (True, True)),
        ("mimo-v2.5-pro", (False, False)),
        ("mimo-v2.5-pro-ultraspeed", (False, False)),
        ("mimo-v2.6-flash", (True, True)),
        ("mimo-v2.6-pro", (True, True)),
        ("mimo-v2.6-pro-ultraspeed", (True, True)),
        ("mimo-local", (False, False)),
        ("someone-elses", (True, True)),
    ],
)
def test_an_unknown_model_is_assumed_to_accept_all_media(model, accepted):
    assert (accepts_images(model), accepts_audio(model)) == accepted


@pytest.mark.parametrize(
    ("requested", "model", "is_required", "ceiling", "sent"),
    [
        # The limit of the user is sent, capped by the model and the service.
        (100, "mimo-v2-pro", False, None, 100),
        (100, "mimo-v2-pro", True, None, 100),
        (200_000, "mimo-v2-pro", False, None, 131_072),
        (200_000, "mimo-v2-flash", True, None, 65_536),
        (200_000, "mimo-v2-pro", False, 64_000, 64_000),
        (200_000, "mimo-v2-flash", False, 128_000, 65_536),
        (200_000, "someone-elses", False, None, 200_000),
        (200_000, "someone-elses", False, 4_096, 4_096),
        (1, "mimo-v2-pro", True, 64_000, 1),
        (100, "mimo-local", False, LOCAL_SERVICE.max_output, 100),
        (9_999, "mimo-local", True, LOCAL_SERVICE.max_output, 1_024),
        (None, "mimo-local", False, LOCAL_SERVICE.max_output, None),
        (None, "mimo-local", True, LOCAL_SERVICE.max_output, 1_024),
        # Without a limit the server decides, if the format allows that.
        (None, "mimo-v2-pro", False, None, None),
        (None, "mimo-v2-pro", False, 64_000, None),
        (None, "someone-elses", False, None, None),
        # Otherwise the highest allowed limit is sent.
        (None, "mimo-v2-pro", True, None, 131_072),
        (None, "mimo-v2-flash", True, None, 65_536),
        (None, "mimo-v2-pro", True, 64_000, 64_000),
        (None, "mimo-v2-flash", True, 128_000, 65_536),
        (None, "someone-elses", True, None, DEFAULT_MAX_OUTPUT_TOKENS),
        (None, "someone-elses", True, 4_096, 4_096),
    ],
)
def test_the_output_limit_is_within_the_limits_of_model_and_service(
    requested, model, is_required, ceiling, sent
):
    assert choose_max_tokens(requested, model, is_required=is_required, ceiling=ceiling) == sent


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("four", 1), ("four" * 1_000, 1_000), ("你好你好你", 3), ("ab你", 1.1), ("\ud83d", 0.6)],
)
def test_tokens_are_estimated_from_characters(text, count):
    assert estimate_tokens(text) == pytest.approx(count)


@pytest.mark.parametrize(
    ("model", "relative"),
    [
        ("mimo-v2.7-pro", "mimo-v2.6-pro"),
        ("mimo-v2.10-flash", "mimo-v2.6-flash"),
        ("mimo-v2.7-pro-ultraspeed", "mimo-v2.6-pro-ultraspeed"),
        ("mimo-v2.7-omni", "mimo-v2-omni"),
        ("mimo-v2.7", "mimo-v2.5"),
        ("mimo-v2.7-lite", "mimo-v2.6-pro-ultraspeed"),
        ("mimo-v2.6-pro", "mimo-v2.6-pro"),
    ],
)
def test_a_new_mimo_id_has_the_figures_of_the_latest_similar_model(model: str, relative: str) -> None:
    assert find_model(model) == replace(MODELS[relative], id=model)
    assert choose_max_tokens(None, model, is_required=True) == MODELS[relative].max_output
    assert accepts_images(model) is MODELS[relative].accepts_images


@pytest.mark.parametrize(
    "model",
    ["", "mimo-v3-pro", "mimo-v2.7-tts", "mimo-v2.7-asr", "mimo-v2.7-tts-voiceclone", "qwen", "mimo-v2.-pro"],
)
def test_other_ids_are_unknown(model: str) -> None:
    assert find_model(model) is None
    assert accepts_images(model)


@pytest.mark.parametrize(
    ("requested", "reply_model", "is_other"),
    [
        ("mimo-v2-flash", "mimo-v2.5", True),
        ("mimo-v2.6-pro", "mimo-v2.7-pro", True),
        ("mimo-v2.6-pro", "mimo-v2.6-pro", False),
        ("mimo-v2.6-pro", "MiMo-V2.6-Pro", False),
        ("xiaomi/mimo-v2.6-pro", "mimo-v2.6-pro", False),
        ("mimo-v2.6-pro", "", False),
        ("mimo-v2.6-pro", "/models/weights.gguf", False),
        ("gpt", "gpt-2026-01-01", False),
    ],
)
def test_another_mimo_model_than_the_requested_one_is_detected(
    requested: str, reply_model: str, is_other: bool
) -> None:
    assert is_other_model(requested, reply_model) is is_other
