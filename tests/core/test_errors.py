"""The exceptions: their messages, hints and fields."""

import inspect

import pytest

from mimo_magics.core import errors
from mimo_magics.core.errors import (
    ApiError,
    BadOption,
    BadRequest,
    IncompleteStream,
    MimoError,
    MissingApiKey,
    RateLimited,
    WireError,
)
from mimo_magics.core.messages import Message, Reply, TextPart


def drawn_tree():
    """Return the base of each class in the tree of the module docstring."""
    bases, open_at = {}, {}
    for line in errors.__doc__.split("\n\n")[1].splitlines():
        drawing = line.split("  (")[0]
        name = drawing.lstrip("|-` ").split()[0]
        depth = drawing.index(name) // 4
        open_at[depth] = name
        bases[name] = open_at.get(depth - 1, "Exception")
    return bases


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MimoError)]
    assert drawn_tree() == {kind.__name__: kind.__base__.__name__ for kind in classes}


def test_a_notebook_shows_what_happened_and_what_to_do():
    error = BadOption("Unknown option --modle.", "Did you mean --model?")
    assert error._render_traceback_() == [
        "\x1b[31mBadOption\x1b[0m: Unknown option --modle.",
        "Did you mean --model?",
    ]


def test_an_error_without_a_hint_is_one_line():
    assert MissingApiKey("No API key.")._render_traceback_() == ["\x1b[31mMissingApiKey\x1b[0m: No API key."]


def test_each_error_class_has_a_default_hint():
    assert (
        IncompleteStream("Cut.").hint
        == "The partial reply is kept. Resume it with %mimo continue, or run the cell again."
    )
    assert IncompleteStream("Cut.", "Ask again.").hint == "Ask again."
    assert (
        RateLimited("HTTP 429", status=429).hint
        == "Rate limit reached. Wait a moment, then run the cell again."
    )
    assert RateLimited("HTTP 429", status=429, hint="Upgrade.").hint == "Upgrade."


def test_an_error_has_the_partial_reply():
    reply = Reply(Message("assistant", (TextPart("Half"),)), stop="cut")
    assert IncompleteStream("Cut.", reply=reply).reply == reply
    assert IncompleteStream("Cut.").reply is None


def test_an_api_error_has_the_fields_of_the_response():
    error = RateLimited(
        "HTTP 429: Slow down", status=429, code="429", param="rpm", request_id="req-9", retry_after=2.5
    )
    assert str(error) == "HTTP 429: Slow down"
    assert vars(error) == {
        "hint": "Rate limit reached. Wait a moment, then run the cell again.",
        "reply": None,
        "status": 429,
        "code": "429",
        "param": "rpm",
        "request_id": "req-9",
        "retry_after": 2.5,
    }


def test_every_error_is_a_mimo_error():
    with pytest.raises(MimoError, match="HTTP 418"):
        raise ApiError("HTTP 418", status=418)


@pytest.mark.parametrize("key", ["x", "e", "1", "none", "EMPTY", "test", ""])
def test_a_short_key_is_not_redacted(key: str) -> None:
    text = "HTTP 400: max_tokens exceeds 1; none EMPTY test"
    error = BadRequest(text, code="1", param="x", request_id="e", hint="none")
    error.redact(key)
    assert (str(error), error.code, error.param, error.request_id, error.hint) == (
        text,
        "1",
        "x",
        "e",
        "none",
    )


@pytest.mark.parametrize("kind", [WireError, BadRequest])
def test_a_key_is_redacted_in_every_error(kind: type[MimoError]) -> None:
    error = kind("no sk-canary-01", hint="sk-canary-01!")
    error.redact("sk-canary-01")
    assert (str(error), error.hint) == ("no (the key)", "(the key)!")
