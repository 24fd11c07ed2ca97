"""Prices of the models, and the cost of a reply."""

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import Price, choose_priced_model, estimate_cost, find_price

MILLION = Usage(1_000_000, 1_000_000, 500_000)


@pytest.mark.parametrize(
    ("service", "model", "prices", "usd"),
    [
        ("xiaomi", "mimo-v2.6-pro", {}, 0.435 / 2 + 0.0036 / 2 + 0.87),
        ("xiaomi", "mimo-v2.6-pro", {"other": [1, 1, 1]}, 0.435 / 2 + 0.0036 / 2 + 0.87),
        ("xiaomi", "mimo-v2.6-pro", {"mimo-v2.6-pro": [2, 1, 3.5]}, 5.0),
        ("other", "someone-elses", {"someone-elses": (0, 0, 0)}, 0.0),
        ("other", "someone-elses", {}, None),
        ("mimo-v2", "mimo-v2.6-pro", {}, None),
    ],
)
def test_the_cost_uses_the_price_table_and_the_prices_of_the_user(service, model, prices, usd):
    assert estimate_cost(MILLION, service, model, prices) == (usd if usd is None else pytest.approx(usd))


def test_a_reply_without_usage_has_no_cost():
    assert estimate_cost(None, "xiaomi", "mimo-v2.6-pro") is None


def test_a_price_of_the_user_takes_precedence():
    assert find_price("xiaomi", "mimo-v2.6-pro", {"mimo-v2.6-pro": [1, 0, 2]}) == Price(1.0, 0.0, 2.0)
    assert find_price("xiaomi", "mimo-v2.6-pro") == Price(0.435, 0.0036, 0.87)


@pytest.mark.parametrize(
    "price",
    [
        None,
        1,
        "1 2 3",
        {},
        [],
        [1, 2],
        [1, 2, 3, 4],
        [1, "2", 3],
        [1, -2, 3],
        [1, True, 3],
        [1, 2, float("nan")],
    ],
)
def test_an_invalid_price_is_an_error(price):
    with pytest.raises(BadOption, match="The price of my-model must be three numbers"):
        find_price("xiaomi", "my-model", {"my-model": price})
    assert find_price("xiaomi", "mimo-v2.6-pro", {"my-model": price}) == Price(0.435, 0.0036, 0.87)


@pytest.mark.parametrize(
    ("service", "prices", "usd"),
    [("xiaomi", {}, 0.02), ("mimo-v2", {}, 0.021), ("other", {}, 0.0), ("xiaomi", {"m": [1, 1, 1]}, 0.02)],
)
def test_the_cost_includes_web_searches(service, prices, usd):
    own = {"m": [0, 0, 0]} | prices
    assert estimate_cost(Usage(web_searches=4), service, "m", own) == pytest.approx(usd)


@pytest.mark.parametrize(
    ("requested", "reply_model", "prices", "priced"),
    [
        ("mimo-v2.5", "mimo-v2.6-pro", {}, "mimo-v2.6-pro"),
        ("mimo-v2.6-pro", "", {}, "mimo-v2.6-pro"),
        ("mimo-v2.6-pro", "mimo-v9", {}, "mimo-v2.6-pro"),
        ("mimo-v2.6-pro", "mimo-v9", {"mimo-v9": [1, 1, 1]}, "mimo-v9"),
    ],
)
def test_the_price_is_that_of_the_model_that_replied(requested, reply_model, prices, priced):
    assert choose_priced_model("xiaomi", requested, reply_model, prices) == priced


def test_a_transcription_costs_its_seconds_and_not_its_tokens() -> None:
    usage = Usage(100, 50, audio_seconds=3_600.0)
    assert estimate_cost(usage, "xiaomi", "mimo-v2.5-asr") == pytest.approx(0.074)
    assert estimate_cost(usage, "xiaomi", "mimo-v2.5-asr", {"mimo-v2.5-asr": [1, 1, 1]}) == pytest.approx(
        150 / 1e6
    )
    assert estimate_cost(Usage(100, 50), "xiaomi", "mimo-v2.5-asr") is None
    assert estimate_cost(usage, "other", "mimo-v2.5-asr") is None


@pytest.mark.parametrize("model", ["mimo-v2.5-tts", "mimo-v2.5-tts-voicedesign", "mimo-v2.5-tts-voiceclone"])
def test_speech_is_free(model: str) -> None:
    assert estimate_cost(Usage(100, 50), "xiaomi", model) == 0
