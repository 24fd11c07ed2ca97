"""The context of a prompt with its tokens and costs."""

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.messages import ContextPart, ImagePart, Message, TextPart
from mimo_magics.session.prompt_context import build_context_items

FRAME = ContextPart("a" * 4_000, "df", "pandas DataFrame", "1 x 1", 4_000)
REMOTE = ImagePart("https://example.org/a.png")
PROMPT = Message("user", (TextPart("Describe "), FRAME, REMOTE))


def test_values_and_media_have_tokens_and_costs() -> None:
    frame, image = build_context_items(PROMPT, "mimo-v2", "mimo-v2-pro")
    assert frame.part is FRAME
    assert 900 < (frame.tokens or 0) < 1_500
    assert frame.cost
    assert image == ContextItem(REMOTE)


def test_without_a_price_no_cost_is_shown() -> None:
    frame, _ = build_context_items(PROMPT, "other", "unknown-model")
    assert frame.cost is None


def test_the_prices_of_the_user_are_used() -> None:
    prices = {"unknown-model": [1_000_000, 0, 0]}
    frame, _ = build_context_items(PROMPT, "other", "unknown-model", prices)
    assert frame.cost == frame.tokens


def test_a_prompt_of_text_has_no_context() -> None:
    assert build_context_items(Message("user", (TextPart("Hi"),)), "mimo-v2", "mimo-v2-pro") == ()
