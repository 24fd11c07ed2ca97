"""Conversion of every shape of an error body (section 6 of the API notes) to an exception."""

import json

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core import errors
from mimo_magics.wire.errors import api_error, frame_error, status_line


def fields_of(error):
    """Return all fields of an error as one value."""
    return type(error).__name__, str(error), error.status, error.code, error.param


def body(**error):
    return json.dumps({"error": error}).encode()


def test_an_invalid_api_key_shows_the_message_of_the_server():
    answer = body(
        code="401", message="Invalid API Key", param="Please provide valid API Key", type="invalid_key"
    )
    assert fields_of(api_error(401, answer)) == (
        "InvalidApiKey",
        "HTTP 401 Unauthorized: Invalid API Key: Please provide valid API Key",
        401,
        "401",
        "Please provide valid API Key",
    )


def test_the_useful_text_in_param_is_shown():
    text = "The reasoning_content in the thinking mode must be passed back to the API."
    error = api_error(400, body(code="400", message="Param Incorrect", param=text, type=""))
    assert fields_of(error) == (
        "BadRequest",
        f"HTTP 400 Bad Request: Param Incorrect: {text}",
        400,
        "400",
        text,
    )


def test_an_error_without_param_has_its_message():
    error = api_error(429, body(code="429", message="Too many requests", type="limitation"))
    assert fields_of(error) == ("RateLimited", "HTTP 429: Too many requests", 429, "429", "")


def test_a_code_may_be_a_number():
    assert fields_of(api_error(429, body(code=429, message="Slow down")))[3] == "429"


def test_a_code_that_is_a_string_is_kept():
    error = api_error(
        400, body(code="responses_feature_not_supported", message="No custom tools", param=None)
    )
    assert fields_of(error) == (
        "BadRequest",
        "HTTP 400 Bad Request: No custom tools",
        400,
        "responses_feature_not_supported",
        "",
    )


def test_a_list_printed_as_text_stays_text():
    message = "[{'type': 'literal_error', 'loc': ('body', 'n'), 'msg': 'Input should be 1'}]"
    error = api_error(400, body(code="400", message=message, param="", type="Bad Request"))
    assert fields_of(error) == ("BadRequest", f"HTTP 400 Bad Request: {message}", 400, "400", "")


def test_a_message_that_is_not_a_string_is_shown_as_json():
    error = api_error(400, body(message=[{"loc": ["body", "水"]}]))
    assert str(error) == 'HTTP 400 Bad Request: [{"loc": ["body", "水"]}]'


def test_risk_control_keeps_its_own_code():
    error = api_error(400, body(code="441", message="Blocked by risk control", type="risk_control"))
    assert fields_of(error) == ("BadRequest", "HTTP 400 Bad Request: Blocked by risk control", 400, "441", "")


def test_an_error_without_an_error_object_is_read():
    answer = b'{"type": "server_error", "message": "Upstream request failed: insufficient funds"}'
    assert fields_of(api_error(402, answer)) == (
        "InsufficientBalance",
        "HTTP 402 Payment Required: Upstream request failed: insufficient funds",
        402,
        "",
        "",
    )


def test_an_error_may_be_a_string():
    assert (
        str(api_error(500, b'{"error": "upstream gone"}')) == "HTTP 500 Internal Server Error: upstream gone"
    )


@pytest.mark.parametrize("prefix", [b"data:", b"data: ", b"\n data:"])
@pytest.mark.parametrize("tail", [b"", b"\n\n", b"\n\ndata: [DONE]\n\n"])
def test_an_error_of_a_streamed_call_has_a_data_prefix(prefix, tail):
    answer = prefix + body(code="400", message="Param Incorrect", param="the useful text") + tail
    assert fields_of(api_error(400, answer)) == (
        "BadRequest",
        "HTTP 400 Bad Request: Param Incorrect: the useful text",
        400,
        "400",
        "the useful text",
    )


@pytest.mark.parametrize(
    "page", [b"<html><h1>403</h1></html>", b"\n  <!DOCTYPE html>", b"\xef\xbb\xbf<html>"]
)
def test_an_html_page_is_not_quoted(page):
    assert fields_of(api_error(403, page)) == (
        "Forbidden",
        "HTTP 403 Forbidden: an HTML page instead of JSON",
        403,
        "",
        "",
    )


def test_chinese_text_is_shown_unescaped():
    assert str(api_error(403, "访问被拒绝".encode())) == "HTTP 403 Forbidden: 访问被拒绝"
    assert (
        str(api_error(403, '{"error": {"message": "访问被拒绝"}}'.encode()))
        == "HTTP 403 Forbidden: 访问被拒绝"
    )


def test_control_characters_become_spaces():
    error = api_error(400, body(message="a\x1b[31mred\r\nb\u2028c\u202ed\x00", param="\te\t"))
    assert str(error) == "HTTP 400 Bad Request: a [31mred b c d: e"


def test_the_message_of_an_upstream_server_is_shown():
    raw = {
        "message": "Provider returned error",
        "code": 400,
        "metadata": {"raw": "property 'x'\nis unsupported"},
    }
    expected = "HTTP 400 Bad Request: Provider returned error: property 'x' is unsupported"
    assert str(api_error(400, body(**raw))) == str(frame_error({"error": raw})) == expected


def test_a_long_message_is_truncated():
    error = api_error(400, body(message="x" * 100_000, param="y" * 100_000))
    assert str(error) == f"HTTP 400 Bad Request: {'x' * 400}…: {'y' * 400}…"
    assert str(api_error(500, b"z" * 100_000)) == f"HTTP 500 Internal Server Error: {'z' * 400}…"


@pytest.mark.parametrize("answer", [b"", b"  \n", b"{}", b"[]", b"null", b'"gone"', b"7", b'{"error": null}'])
def test_a_body_without_a_message_gives_an_error(answer):
    error = api_error(502, answer)
    assert (type(error), error.status) == (errors.ServerBusy, 502)
    assert str(error).startswith("HTTP 502 Bad Gateway")


def test_an_empty_body_gives_the_status():
    assert str(api_error(503, b"")) == "HTTP 503 Service Unavailable"


@pytest.mark.parametrize("answer", [b"[" * 100_000, b'{"error":' * 100_000])
def test_a_body_that_is_nested_too_deep_is_shown_as_text(answer):
    error = api_error(400, answer)
    assert type(error) is errors.BadRequest
    assert len(str(error)) < 1_000


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.InvalidApiKey),
        (402, errors.InsufficientBalance),
        (403, errors.Forbidden),
        (404, errors.UnknownModel),
        (408, errors.ServerBusy),
        (418, errors.ApiError),
        (421, errors.ContentFiltered),
        (422, errors.ApiError),
        (429, errors.RateLimited),
        (500, errors.ServerBusy),
        (502, errors.ServerBusy),
        (503, errors.ServerBusy),
        (504, errors.ServerBusy),
        (529, errors.ServerBusy),
    ],
)
def test_each_status_has_an_exception(status, kind):
    assert type(api_error(status, body(message="no"))) is kind


@pytest.mark.parametrize(
    "text", ["Not supported model mimo-v2-flash", "Unsupported model mimo-v2-pro", "unknown model: mimo-v1"]
)
@pytest.mark.parametrize("place", ["message", "param"])
def test_a_retired_model_is_an_unknown_model_despite_status_400(text, place):
    error = api_error(400, body(**{"code": "400", "message": "Param Incorrect", place: text}))
    assert type(error) is errors.UnknownModel
    assert text in str(error)
    assert error.hint == "Choose another model with -m (%mimo_models lists them), or check the base URL."


def test_headers_of_the_response_are_kept():
    error = api_error(429, body(message="no"), retry_after=2.5, request_id="req-9")
    assert (error.retry_after, error.request_id) == (2.5, "req-9")


# Errors inside a stream, whose status is 200


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ({"code": "429", "message": "no"}, 429, errors.RateLimited),
        ({"code": 402, "message": "no"}, 402, errors.InsufficientBalance),
        ({"code": "authentication_failed", "message": "no", "type": "error"}, 401, errors.InvalidApiKey),
        ({"code": "permission_denied", "message": "no", "type": "error"}, 403, errors.Forbidden),
        ({"code": "not_found", "message": "no", "type": "error"}, 404, errors.UnknownModel),
        ({"code": "invalid_request", "message": "no", "type": "error"}, 400, errors.BadRequest),
        ({"code": "rate_limit_exceeded", "message": "no"}, 429, errors.RateLimited),
        ({"code": "service_unavailable", "message": "no"}, 503, errors.ServerBusy),
        ({"code": "internal_error", "message": "no"}, 500, errors.ServerBusy),
        ({"type": "authentication_error", "message": "no"}, 401, errors.InvalidApiKey),
        ({"type": "overloaded_error", "message": "no"}, 503, errors.ServerBusy),
        ({"type": "content_filter", "message": "no"}, 421, errors.ContentFiltered),
        ({"type": "limitation", "message": "no"}, 429, errors.RateLimited),
        ({"code": "1302", "message": "no"}, 500, errors.ServerBusy),
        ({"code": "200", "message": "no"}, 500, errors.ServerBusy),
        ("no", 500, errors.ServerBusy),
    ],
)
def test_keywords_in_an_event_select_the_exception(error, status, kind):
    raised = frame_error({"choices": [], "error": error})
    assert (type(raised), raised.status, str(raised)) == (
        kind,
        status,
        f"{status_line(status)}: no",
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "Insufficient quota",
        "insufficient balance or no resource package",
        "Insufficient account funds",
        "You have insufficient credits.",
    ],
)
def test_a_message_alone_identifies_a_used_up_balance(sentence):
    kinds = [
        type(frame_error({"error": {"message": sentence}})),
        type(frame_error({"error": sentence})),
        type(api_error(429, body(message=sentence, code="1113"))),
    ]
    assert kinds == [errors.InsufficientBalance] * 3


@pytest.mark.parametrize("sentence", ["Quota exceeded for requests per minute", "Insufficient memory"])
def test_an_unrelated_message_is_a_server_error(sentence):
    assert type(frame_error({"error": {"message": sentence}})) is errors.ServerBusy
    assert type(api_error(429, body(message=sentence))) is errors.RateLimited


@pytest.mark.parametrize("kind", ["error", "server_error"])
def test_an_event_may_be_the_error_object_itself(kind):
    assert fields_of(frame_error({"type": kind, "message": "Upstream request failed"})) == (
        "ServerBusy",
        "HTTP 500 Internal Server Error: Upstream request failed",
        500,
        "",
        "",
    )


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"error": None, "choices": []},
        {"error": {}},
        {"error": ""},
        {"choices": [], "usage": {"prompt_tokens": 1}},
        {"type": "message_start", "message": {"id": "m1"}},
        {"type": "ping"},
    ],
)
def test_an_event_without_an_error_is_not_an_error(frame):
    assert frame_error(frame) is None


# Random input

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
ERROR = st.dictionaries(st.sampled_from(["code", "message", "param", "type", "x"]), JSON)
BODIES = st.one_of(
    st.binary(),
    st.text().map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(lambda error: json.dumps({"error": error}).encode(), ERROR | JSON),
    st.builds(lambda error: b"data:" + json.dumps(error).encode(), ERROR | JSON),
)


@given(st.integers(400, 599), BODIES)
def test_any_bytes_give_an_error_of_one_printable_line(status, answer):
    error = api_error(status, answer)
    assert error.status == status
    for text in (str(error), error.code, error.param):
        assert text.isprintable()
        assert len(text) < 900


@given(st.dictionaries(st.sampled_from(["error", "type", "message", "code"]), JSON | ERROR))
def test_any_event_gives_an_error_of_one_printable_line_or_none(frame):
    error = frame_error(frame)
    assert error is None or (str(error).isprintable() and len(str(error)) < 900)
