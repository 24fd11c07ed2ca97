"""One call over HTTP, against a real server on the loopback."""

import asyncio
import json
import socket
import sys
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace
from itertools import chain, cycle, repeat

import httpx
import pytest
from support.http_calls import APIS, REQUEST, endpoint, fold_events, send_request
from support.peer import (
    CUT,
    KEY,
    SILENCE,
    Answer,
    Peer,
    Seen,
    delta,
    error,
    finish,
    frames,
    reply,
    sse,
    stream,
)

from mimo_magics.client import http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import (
    ApiError,
    BadOption,
    ConnectionFailed,
    IncompleteStream,
    InsufficientBalance,
    InvalidApiKey,
    MimoError,
    RateLimited,
    ServerBusy,
    WireError,
)
from mimo_magics.core.events import Accumulator, Event, Notice, TextDelta
from mimo_magics.core.messages import (
    Message,
    ReasoningPart,
    Request,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    user_message,
)
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api, Auth

ANTHROPIC_END = sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed", "_impatient")]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
async def test_a_call_gives_the_reply_streamed_or_whole(peer: Peer, api: Api, streamed: bool) -> None:
    request = Request(REQUEST.messages, REQUEST.params, stream=streamed)
    assert fold_events(await send_request(peer, api, request)) == reply("You said: hello")
    assert (
        peer.requests[0].path
        == {"openai": "/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}[api]
    )


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("bearer", {"authorization": f"Bearer {KEY}"}),
        ("api-key", {"api-key": KEY}),
        ("both", {"authorization": f"Bearer {KEY}", "api-key": KEY}),
        ("x-api-key", {"x-api-key": KEY}),
    ],
)
async def test_the_key_goes_where_the_service_wants_it(
    peer: Peer, auth: Auth, expected: dict[str, str]
) -> None:
    await send_request(peer, "anthropic", auth=auth)
    headers = peer.requests[0].headers
    assert {
        name: headers[name] for name in ("authorization", "api-key", "x-api-key") if name in headers
    } == expected
    assert headers["anthropic-version"] == "2023-06-01"


async def test_calls_in_a_row_share_one_connection(peer: Peer) -> None:
    for _ in range(3):
        await send_request(peer)
    assert [seen.connection for seen in peer.requests] == [1, 1, 1]


async def test_a_server_that_never_ends_the_body_does_not_hold_the_answer_up(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "END_OF_BODY_TIMEOUT", 0.05)
    peer.answers(Answer([delta("hi"), finish(), b"data: [DONE]\n\n", SILENCE]))
    assert fold_events(await send_request(peer)).text == "hi"
    assert peer.settled()[0].disconnected


@pytest.mark.parametrize("api", APIS)
async def test_comments_without_end_do_not_hold_an_answer_up_that_told_its_end(
    peer: Peer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "USAGE_TIMEOUT", 0.1)
    stopped = {"openai": finish(), "anthropic": ANTHROPIC_END}[api]

    def talk(seen: Seen) -> Answer:
        return Answer(chain([*frames(seen, ["hi"], end=False), stopped], cycle([0.02, b": ping\n\n"])))

    peer.answers(talk)
    heard = fold_events(await send_request(peer, api))
    assert (heard.text, heard.stop) == ("hi", "end")
    assert peer.left()[0].disconnected
    assert len(peer.requests) == 1


@pytest.mark.parametrize("api", APIS)
async def test_a_stream_that_does_not_say_so_comes_piece_by_piece_and_ends_as_others_do(
    peer: Peer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "USAGE_TIMEOUT", 0.1)
    stopped = {"openai": finish(), "anthropic": ANTHROPIC_END}[api]
    heard: list[Event] = []

    def talk(seen: Seen) -> Answer:
        first = frames(seen, ["hi"], lambda: TextDelta("hi") in heard, end=False)
        return Answer(
            chain(first, [stopped], cycle([0.02, b": ping\n\n"])), headers={"Content-Type": "text/plain"}
        )

    peer.answers(talk)
    async with aclosing(http.stream(endpoint(peer, api), api, REQUEST)) as events:
        async for event in events:
            heard.append(event)  # noqa: PERF401  the server looks at it meanwhile
    assert (fold_events(heard).text, fold_events(heard).stop, len(peer.requests)) == ("hi", "end", 1)


async def test_usage_that_comes_soon_after_the_end_is_counted(peer: Peer) -> None:
    usage = sse({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 10}})
    peer.answers(Answer([delta("hi"), finish(), 0.05, b": ping\n\n", 0.05, usage, b"data: [DONE]\n\n"]))
    assert fold_events(await send_request(peer)).usage == Usage(20, 10)


async def test_closing_the_generator_closes_the_socket(peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.05)))
    async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert peer.settled()[0].disconnected


# Another attempt


async def test_after_the_first_event_nothing_is_asked_again(peer: Peer) -> None:
    peer.answers(Answer([delta("half "), sse({"error": {"code": "503", "message": "gone"}})]))
    with pytest.raises(ServerBusy, match="HTTP 503: gone"):
        await send_request(peer)
    assert len(peer.requests) == 1


async def test_the_optional_field_that_a_gateway_refuses_is_left_out(peer: Peer) -> None:
    peer.answers(error(400, "Unknown parameter: stream_options"), lambda seen: stream(seen, reply("ok")))
    assert fold_events(await send_request(peer)) == reply("ok")
    assert ["stream_options" in seen.body for seen in peer.requests] == [True, False]


# What can come instead of an answer


@pytest.mark.parametrize("end", [[CUT], []])
@pytest.mark.parametrize("api", APIS)
async def test_an_answer_that_ends_in_the_middle_is_cut(peer: Peer, api: Api, end: list[object]) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["half"], end=False), *end]))
    accumulator = Accumulator()
    with pytest.raises(IncompleteStream):
        async with aclosing(http.stream(endpoint(peer, api), api, REQUEST)) as events:
            async for event in events:
                accumulator.feed(event)
    assert accumulator.reply.text == "half"


async def test_an_error_in_the_middle_keeps_its_kind(peer: Peer) -> None:
    peer.answers(
        Answer([delta("half"), sse({"error": {"code": "401", "message": "expired"}, "choices": []})])
    )
    with pytest.raises(InvalidApiKey, match="HTTP 401: expired"):
        await send_request(peer)


async def test_a_frame_that_is_no_json_is_an_error(peer: Peer) -> None:
    peer.answers(Answer([delta("half"), b"data: {oops\n\n"]))
    with pytest.raises(WireError):
        await send_request(peer)


async def test_a_web_page_instead_of_an_answer_is_an_error(peer: Peer) -> None:
    peer.answers(Answer([b"<html><title>Log in</title></html>"], headers={"Content-Type": "text/html"}))
    with pytest.raises(WireError):
        await send_request(peer)


async def test_a_whole_answer_to_a_streamed_call_is_taken(peer: Peer) -> None:
    body = b'{"id": "1", "model": "m", "choices": [{"finish_reason": "stop", "message": {"content": "hi"}}]}'
    peer.answers(Answer([body], headers={"Content-Type": "application/json"}))
    assert fold_events(await send_request(peer)).text == "hi"


async def test_an_error_in_a_body_of_status_200_is_an_error(peer: Peer) -> None:
    body = b'{"error": {"code": "429", "message": "Too many requests", "type": "limitation"}}'
    peer.answers(Answer([body], headers={"Content-Type": "application/json"}))
    with pytest.raises(RateLimited):
        await send_request(peer)


async def test_a_key_that_the_server_repeats_is_not_shown(peer: Peer) -> None:
    peer.answers(error(401, f"Incorrect API key provided: {KEY}."))
    with pytest.raises(InvalidApiKey) as failure:
        await send_request(peer)
    assert str(failure.value) == "HTTP 401: Incorrect API key provided: (the key)."


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_key_that_a_stream_or_a_whole_body_repeats_is_not_shown(peer: Peer, streamed: bool) -> None:
    told = {"error": {"code": "401", "message": f"Incorrect key {KEY}", "param": KEY}}
    whole = Answer([json.dumps(told).encode()], headers={"Content-Type": "application/json"})
    peer.answers(Answer([sse(told)]) if streamed else whole)
    with pytest.raises(InvalidApiKey) as failure:
        await send_request(peer)
    assert str(failure.value) == "HTTP 401: Incorrect key (the key): (the key)"
    assert KEY not in repr(vars(failure.value))


@pytest.mark.parametrize("length", [370, 380, 390, 399, 400])
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_key_in_which_an_excerpt_ends_is_not_shown(
    peer: Peer, length: int, status: int, streamed: bool
) -> None:
    body = "x" * length + KEY + " and more" * 90
    kind = "text/event-stream" if streamed else "application/json"
    peer.answers(Answer([body.encode()], status, {"Content-Type": kind}))
    with pytest.raises(MimoError) as failure:
        await send_request(peer)
    assert KEY[:4] not in str(failure.value)


@pytest.mark.parametrize("end", [[b"data: [DONE]\n\n", CUT], [CUT]])
async def test_an_answer_that_told_its_end_is_whole_whatever_the_connection_does(
    peer: Peer, end: list[object]
) -> None:
    peer.answers(Answer([delta("whole"), finish(), 0.05, *end]))
    assert fold_events(await send_request(peer)) == replace(reply("whole", ""), usage=None, id="1")


async def test_the_last_word_of_a_server_is_an_end_too(peer: Peer) -> None:
    peer.answers(Answer([delta("whole"), b"data: [DONE]\n\n"]))
    assert fold_events(await send_request(peer)).stop == "end"


async def test_a_whole_answer_without_a_reason_is_whole(peer: Peer) -> None:
    body = b'{"id": "1", "choices": [{"finish_reason": null, "message": {"content": "hi"}}]}'
    peer.answers(Answer([body], headers={"Content-Type": "application/json"}))
    assert fold_events(await send_request(peer)).stop == "end"


async def test_a_whole_answer_with_nothing_in_it_is_an_error(peer: Peer) -> None:
    peer.answers(Answer([b'{"id": "1", "choices": []}'], headers={"Content-Type": "application/json"}))
    with pytest.raises(WireError):
        await send_request(peer)


async def test_a_stream_that_does_not_say_so_is_read(peer: Peer) -> None:
    peer.answers(
        lambda seen: Answer(stream(seen, reply("hi")).pieces, headers={"Content-Type": "text/plain"})
    )
    assert fold_events(await send_request(peer)) == reply("hi")


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", ""])
@pytest.mark.parametrize(
    "head",
    [
        *(b"", b"\xef\xbb\xbf", b": PROCESSING\n\n", b":\n", b"id: 1\n", b"retry: 10\n\n", b"event: x\n"),
        *(b"\r\n\r\n", b"\xef\xbb\xbf: hi\n\n", b"id\n", b"\xef\xbb\xbf\n \n"),
    ],
)
async def test_a_stream_is_one_whatever_its_type_and_its_first_line_are(
    peer: Peer, head: bytes, content_type: str
) -> None:
    peer.answers(
        lambda seen: Answer([head, *stream(seen, reply("hi")).pieces], headers={"Content-Type": content_type})
    )
    assert fold_events(await send_request(peer)) == reply("hi")


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [201, 202, 203, 206])
async def test_every_status_of_success_is_one(peer: Peer, api: Api, streamed: bool, status: int) -> None:
    request = replace(REQUEST, stream=streamed)
    peer.answers(lambda seen: replace(stream(seen, reply("hi")), status=status))
    assert fold_events(await send_request(peer, api, request)) == reply("hi")


@pytest.mark.parametrize("api", APIS)
async def test_a_field_that_is_refused_is_left_out_once_and_told(peer: Peer, api: Api) -> None:
    request = replace(REQUEST, params=replace(REQUEST.params, thinking=True))
    peer.answers(
        error(422, "Extra inputs are not permitted: thinking"), lambda seen: stream(seen, reply("ok"))
    )
    told = await send_request(peer, api, request)
    assert (fold_events(told).text, ["thinking" in seen.body for seen in peer.requests]) == (
        "ok",
        [True, False],
    )
    assert [event.text for event in told if isinstance(event, Notice)] == [
        "The server takes no thinking: the request was made again without it."
    ]


@pytest.mark.parametrize("api", APIS)
async def test_a_field_that_is_refused_twice_is_an_error(peer: Peer, api: Api) -> None:
    request = replace(REQUEST, params=replace(REQUEST.params, thinking=True))
    peer.answers(error(400, "Unknown field thinking"))
    with pytest.raises(ApiError, match="Unknown field thinking"):
        await send_request(peer, api, request)
    assert len(peer.requests) == 2


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
async def test_an_answer_in_the_other_format_is_an_error_and_not_requested_again(
    peer: Peer, api: Api, streamed: bool
) -> None:
    other = {"openai": "anthropic", "anthropic": "openai"}[api]
    path = {"openai": "/chat/completions", "anthropic": "/v1/messages"}[other]
    peer.answers(lambda seen: stream(replace(seen, path=path), reply("hi")))
    with pytest.raises(WireError, match=f"in the {other} format") as failure:
        await send_request(peer, api, replace(REQUEST, stream=streamed))
    assert (len(peer.requests), f"--api {other}" in failure.value.hint) == (1, True)


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b": PROCESSING\n\n", b"\n\n", b"data:\n\n"])
@pytest.mark.parametrize("api", APIS)
async def test_a_bare_error_in_an_event_stream_is_told_and_not_requested_again(
    peer: Peer, api: Api, head: bytes
) -> None:
    told = {"error": {"message": "Insufficient quota", "type": "insufficient_quota"}}
    peer.answers(Answer([head, json.dumps(told, indent=2).encode()]))
    with pytest.raises(InsufficientBalance, match="Insufficient quota"):
        await send_request(peer, api)
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"error: out of memory\n", "error: out of memory"),
        (b"upstream connect error\n\n", "upstream connect error"),
        (b"<html>\n<body>Log in</body></html>\n", "a web page instead of an answer"),
        (b"data: <html>Log in</html>\n\n", "a web page instead of an answer"),
    ],
)
@pytest.mark.parametrize("api", APIS)
async def test_words_instead_of_a_stream_are_told_and_not_requested_again(
    peer: Peer, api: Api, body: bytes, told: str
) -> None:
    peer.answers(Answer([body]))
    with pytest.raises(WireError, match=told):
        await send_request(peer, api)
    assert len(peer.requests) == 1


async def test_a_huge_error_body_is_not_read_to_its_end(peer: Peer) -> None:
    peer.answers(Answer((b"x" * 65_536 for _ in range(10_000)), status=400))
    with pytest.raises(ApiError) as failure:
        await send_request(peer)
    assert len(str(failure.value)) < 500


async def test_silence_is_an_error(peer: Peer) -> None:
    peer.answers(Answer([SILENCE]))
    with pytest.raises(ConnectionFailed, match="did not begin to answer"):
        await send_request(peer, timeout=2)
    assert len(peer.requests) == 1
    peer.answers(Answer([delta("half"), SILENCE]))
    with pytest.raises(IncompleteStream):
        await send_request(peer, timeout=2)


async def test_a_refused_connection_is_tried_again_and_then_told() -> None:
    with socket.socket() as nobody, pytest.raises(ConnectionFailed) as failure:
        nobody.bind(("127.0.0.1", 0))  # it keeps its port, and does not listen
        port = nobody.getsockname()[1]
        nowhere = Endpoint(f"http://127.0.0.1:{port}/v1", Secret(KEY), "bearer")
        async with aclosing(http.stream(nowhere, "openai", REQUEST)) as events:
            attempts = [event async for event in events]
            assert len(attempts) == 4
    assert str(failure.value) == f"127.0.0.1:{port} could not be reached."


async def test_no_error_holds_the_key(peer: Peer) -> None:
    peer.answers(error(500), Answer([CUT]), error(401, KEY))
    with pytest.raises(MimoError) as failure:
        await send_request(peer)
    assert KEY not in "".join(told(failure.value))


def told(failure: BaseException) -> Iterable[str]:
    """Everything that a traceback, however verbose, could show of an error and of what led to it."""
    seen: BaseException | None = failure
    while seen:
        yield repr(seen) + repr(vars(seen))
        trace = seen.__traceback__
        while trace:
            if "mimo_magics" in trace.tb_frame.f_code.co_filename:
                yield repr(trace.tb_frame.f_locals)
            trace = trace.tb_next
        seen = seen.__context__


def every(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind, *(each for child in kind.__subclasses__() for each in every(child))}


@pytest.mark.parametrize("begun", [True, False])
async def test_every_exception_of_httpx_is_translated(begun: bool) -> None:
    kinds = {kind for base in http.HTTPX_ERRORS for kind in every(base)}
    assert {
        each for each in vars(httpx).values() if isinstance(each, type) and issubclass(each, Exception)
    } <= (
        kinds | {httpx.CookieConflict}  # cookies are never read by name
    )
    for kind in kinds:
        failure = http.translate_error(made(kind), "host", has_started=begun)
        assert isinstance(failure, BadOption | ConnectionFailed | IncompleteStream | WireError), kind
        assert failure.hint, kind


def made(kind: type[BaseException]) -> Exception:
    exception = kind.__new__(kind)
    exception.args = ("what httpx says",)
    assert isinstance(exception, Exception)
    return exception


# MiMo's rule: calls bring their reasoning back


@pytest.mark.parametrize("thought", ["I need the clock.", ""])
@pytest.mark.parametrize("api", APIS)
async def test_a_tool_round_is_accepted_with_its_reasoning_or_with_lost_reasoning(
    peer: Peer, api: Api, thought: str
) -> None:
    reasoning = (ReasoningPart(thought),) if thought else ()
    wish = Message("assistant", (*reasoning, ToolCall("c1", "clock", "{}"), ToolCall("c2", "clock", "")))
    results = Message("tool", (ToolResult("c1", "clock", "12:00"), ToolResult("c2", "clock", "")))
    messages = (user_message("What time is it?"), wish, results, user_message("And now?"))
    request = Request(messages, REQUEST.params, (Tool("clock"),))
    assert fold_events(await send_request(peer, api, request)).text.startswith("You said: ")


async def test_a_delta_costs_few_calls(peer: Peer) -> None:
    """Python functions entered and generators resumed, asyncio's too, with one chunk for each delta."""
    words = 1_000
    peer.answers(lambda seen: Answer(frames(seen, ["word "] * words)))
    await send_request(peer)  # connects
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        await send_request(peer)
    finally:
        sys.setprofile(None)
    assert calls / words <= 80, calls


@pytest.mark.parametrize("api", APIS)
async def test_many_answers_at_once_stay_apart(peer: Peer, api: Api) -> None:
    peer.answers(lambda seen: Answer(frames(seen, [seen.prompt, " "] * 20, 0.001)))
    requests = [Request((user_message(f"n{number}"),), REQUEST.params) for number in range(30)]
    replies = await asyncio.gather(*(send_request(peer, api, request) for request in requests))
    assert [fold_events(events).text for events in replies] == [f"n{number} " * 20 for number in range(30)]


async def test_a_service_is_asked_for_its_models(peer: Peer) -> None:
    peer.models = ["mimo-v2.5-tts", "mimo-v2.6-pro"]
    assert await http.list_models(endpoint(peer)) == ("mimo-v2.5-tts", "mimo-v2.6-pro")
    peer.models = None
    assert await http.list_models(endpoint(peer)) == ()
    nowhere = Endpoint("http://127.0.0.1:9/v1", Secret(KEY), "bearer")
    assert await http.list_models(nowhere) == ()


@pytest.mark.parametrize("value", [{1}, float("nan"), b"x", object()])
async def test_what_json_cannot_say_is_not_sent(peer: Peer, value: object) -> None:
    request = replace(REQUEST, params=replace(REQUEST.params, extra={"x": value}))
    with pytest.raises(BadOption, match="cannot be written as JSON") as failure:
        await send_request(peer, request=request)
    assert (peer.requests, bool(failure.value.hint)) == ([], True)
