"""What a person is told when something goes wrong."""

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
    """Name to the name of its base, as the docstring of the module draws it."""
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
    error = BadOption("There is no option --modle.", "Did you mean --model?")
    assert error._render_traceback_() == [
        "\x1b[31mBadOption\x1b[0m: There is no option --modle.",
        "Did you mean --model?",
    ]


def test_an_error_without_advice_is_one_line():
    assert MissingApiKey("There is no key.")._render_traceback_() == [
        "\x1b[31mMissingApiKey\x1b[0m: There is no key."
    ]


def test_each_kind_has_its_own_advice_unless_better_is_known():
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


def test_an_error_keeps_what_had_arrived():
    reply = Reply(Message("assistant", (TextPart("Half"),)), stop="cut")
    assert IncompleteStream("Cut.", reply=reply).reply == reply
    assert IncompleteStream("Cut.").reply is None


def test_an_api_error_keeps_what_the_server_said():
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


def test_every_error_can_be_caught_as_one_of_this_package():
    with pytest.raises(MimoError, match="HTTP 418"):
        raise ApiError("HTTP 418", status=418)


@pytest.mark.parametrize("key", ["x", "e", "1", "none", "EMPTY", "test", ""])
def test_a_short_key_garbles_no_error(key: str) -> None:
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
def test_a_key_is_taken_out_of_every_error(kind: type[MimoError]) -> None:
    error = kind("no sk-canary-01", hint="sk-canary-01!")
    error.redact("sk-canary-01")
    assert (str(error), error.hint) == ("no (the key)", "(the key)!")
