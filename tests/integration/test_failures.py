"""All failures of a call, in a real kernel and in both formats.

Each case checks the error (two lines, at most 2 KB saved), the number of requests, and the session afterwards.
"""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import trustme
from support.kernel import Kernel, Ran
from support.peer import CUT, KEY, SILENCE, Answer, Peer, error, frames, obey, sse

from mimo_magics.core.settings import Api

HALF = "half a reply"
APIS: list[Api] = ["openai", "anthropic"]
HTML = {"Content-Type": "text/html"}
RETRY_LATER = "The service is overloaded or failed. Run the cell again later."


@dataclass(frozen=True)
class Case:
    """A fault of the server, and its effects."""

    script: Callable[[object], Answer]
    error_lines: tuple[str, str]
    requests: int = 1
    is_saved: bool = False
    """Whether the partial reply stays in the session."""
    options: str = ""
    """Options of the failing cell."""


def partial_reply(*end: object) -> Callable[[object], Answer]:
    return lambda seen: Answer([*frames(seen, [HALF], end=False), *end])


def fails(status: int, message: str = "no", param: str = "", **headers: str) -> Callable[[object], Answer]:
    return lambda seen: error(status, message, param, **headers)


CUT_HINT = "The partial reply is kept. Resume it with %mimo continue, or run the cell again."
WIRE_HINT = "Check the base URL and the API format (--api)."
CONNECTION_HINT = "Check the network, the proxy and the base URL, then run the cell again."
TIMEOUT_HINT = "Raise the read timeout, such as %mimo_config timeout=900, or check the network."

CASES = {
    "400": Case(
        fails(400, "Param Incorrect", "temperature is too warm"),
        (
            "BadRequest: HTTP 400 Bad Request: Param Incorrect: temperature is too warm",
            "Check the options of the cell, or start over without the history: %%mimo --new",
        ),
    ),
    "400 for lost reasoning": Case(
        fails(
            400,
            "Param Incorrect",
            "The reasoning_content in the thinking mode must be passed back to the API.",
        ),
        (
            "BadRequest: HTTP 400 Bad Request: Param Incorrect: "
            "The reasoning_content in the thinking mode must be passed back to the API.",
            "The history lacks reasoning_content that the model requires. Use --new or --thinking off.",
        ),
    ),
    "400 for a retired model": Case(
        fails(400, "Param Incorrect", "Not supported model mimo-v2-pro"),
        (
            "UnknownModel: HTTP 400 Bad Request: Param Incorrect: Not supported model mimo-v2-pro",
            "The model may be retired. Its successor is mimo-v2.6-pro: -m mimo-v2.6-pro",
        ),
    ),
    "401": Case(
        fails(401, "Invalid API Key", "Please provide valid API Key"),
        (
            "InvalidApiKey: HTTP 401 Unauthorized: Invalid API Key: Please provide valid API Key",
            "Check the API key in MIMO_API_KEY. Each host and plan has its own keys.",
        ),
    ),
    "402": Case(
        fails(402, "Insufficient balance"),
        (
            "InsufficientBalance: HTTP 402 Payment Required: Insufficient balance",
            "Top up the account, or check its usage in the console.",
        ),
    ),
    "403": Case(
        fails(403, "illegal_access"),
        (
            "Forbidden: HTTP 403 Forbidden: illegal_access",
            "The service may be unavailable in your region, or the account is blocked. Check the account and its API key.",
        ),
    ),
    "404": Case(
        fails(404, "No endpoints found that support image input"),
        (
            "UnknownModel: HTTP 404 Not Found: No endpoints found that support image input",
            "This model does not accept images. Choose one that does with -m.",
        ),
    ),
    "404 for the model": Case(
        fails(404, "not found"),
        (
            "UnknownModel: HTTP 404: not found",
            "The model may be retired. Its successor is mimo-v2.6-pro: -m mimo-v2.6-pro",
        ),
    ),
    "307": Case(
        fails(307, "moved", Location="http://127.0.0.1:9/"),
        (
            "ApiError: HTTP 307: moved",
            "The server redirects to another address, and API keys do not follow redirects. Set that address as the base URL.",
        ),
    ),
    "413": Case(
        fails(413, "too large"),
        (
            "ApiError: HTTP 413 Payload Too Large: too large",
            "Check the base URL, the API format (--api) and the options of the cell.",
        ),
    ),
    "421": Case(
        fails(421, "content policy"),
        ("ContentFiltered: HTTP 421: content policy", "Rephrase the prompt."),
    ),
    "429": Case(
        fails(429, "Too many requests"),
        (
            "RateLimited: HTTP 429: Too many requests",
            "Rate limit reached. Wait a moment, then run the cell again.",
        ),
        requests=5,
    ),
    "429 with Retry-After": Case(
        fails(429, "Too many requests", **{"Retry-After": "0"}),
        (
            "RateLimited: HTTP 429: Too many requests",
            "Rate limit reached. Wait a moment, then run the cell again.",
        ),
        requests=5,
    ),
    "429 with a long Retry-After": Case(
        fails(429, "Too many requests", **{"Retry-After": "3600"}),
        ("RateLimited: HTTP 429: Too many requests", "The server asks to wait 3,600 s (Retry-After)."),
    ),
    "500": Case(
        fails(500, "oops"), ("ServerBusy: HTTP 500 Internal Server Error: oops", RETRY_LATER), requests=5
    ),
    "503": Case(
        fails(503, "overloaded"),
        ("ServerBusy: HTTP 503 Service Unavailable: overloaded", RETRY_LATER),
        requests=5,
    ),
    "dropped before the answer": Case(
        lambda seen: Answer([CUT]),
        ("ConnectionFailed: HOST closed the connection without sending a response.", CONNECTION_HINT),
        requests=5,
    ),
    "cut": Case(
        partial_reply(CUT),
        ("IncompleteStream: The connection to HOST was closed during the reply.", CUT_HINT),
        is_saved=True,
    ),
    "ended early": Case(
        partial_reply(),
        ("IncompleteStream: The stream from HOST ended before the reply was complete.", CUT_HINT),
        is_saved=True,
    ),
    "error frame": Case(
        partial_reply(sse({"type": "error", "error": {"code": "500", "message": "upstream is gone"}})),
        ("ServerBusy: HTTP 500 Internal Server Error: upstream is gone", RETRY_LATER),
        is_saved=True,
    ),
    "error frame before the answer": Case(
        lambda seen: Answer([sse({"error": {"type": "limitation", "message": "Too many requests"}})]),
        (
            "RateLimited: HTTP 429: Too many requests",
            "Rate limit reached. Wait a moment, then run the cell again.",
        ),
        requests=5,
    ),
    "malformed frame": Case(
        partial_reply(b"data: {oops\n\n"),
        ("WireError: The server sent an event with invalid JSON.", WIRE_HINT),
        is_saved=True,
    ),
    "web page": Case(
        lambda seen: Answer([b"<html><script>alert(1)</script></html>"], headers=HTML),
        (
            "WireError: The response does not match the API format: an HTML page instead of JSON",
            WIRE_HINT,
        ),
    ),
    "web page of a firewall": Case(
        lambda seen: Answer([b"<html><script>alert(1)</script></html>" * 500], 403, HTML),
        (
            "Forbidden: HTTP 403 Forbidden: an HTML page instead of JSON",
            "The service may be unavailable in your region, or the account is blocked. Check the account and its API key.",
        ),
    ),
    "silence before the answer": Case(
        lambda seen: Answer([SILENCE]),
        ("ConnectionFailed: Read timeout: HOST sent no response.", TIMEOUT_HINT),
        options=" --timeout 2",
    ),
    "silence in the answer": Case(
        partial_reply(SILENCE),
        ("IncompleteStream: Read timeout: HOST stopped sending during the reply.", CUT_HINT),
        is_saved=True,
        options=" --timeout 2",
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def kernel(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("notebook"), MIMO_API_KEY=KEY, MIMO_SYSTEM="none") as kernel:
        kernel.run("%load_ext mimo_magics")
        kernel.run("from mimo_magics.client import retry; retry.INITIAL_DELAY = 0.001")
        yield kernel


def prepare(kernel: Kernel, peer: Peer, api: Api) -> None:
    """Start a session with one turn."""
    peer.script = obey
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    assert kernel.run(f"%mimo_config api={api} base_url={base_url}").status == "ok"
    assert kernel.run("%%mimo --new\none").status == "ok"
    peer.requests.clear()


def count_saved_bytes(ran: Ran) -> int:
    """Return the bytes that a notebook saves of a failed cell: its traceback and its outputs."""
    lines = [content["traceback"] for kind, content in ran.messages if kind == "error"]
    return len(json.dumps([ran.outputs, lines]))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", CASES)
def test_an_error_has_two_lines_and_the_session_stays_valid(
    kernel: Kernel, server: Peer, name: str, api: Api
) -> None:
    case = CASES[name]
    prepare(kernel, server, api)
    server.script = case.script
    failed, following = kernel.run_all([f"%%mimo{case.options}\ntwo", "print('ran')"])
    assert tuple(failed.error) == tuple(line.replace("HOST", server.host) for line in case.error_lines)
    assert (failed.status, following.status) == ("error", "aborted")
    assert count_saved_bytes(failed) <= 2_048
    assert len(server.requests) == case.requests
    assert [text for text in failed.documents if text] == ([HALF] if case.is_saved else [])
    server.script = obey
    assert kernel.run("%%mimo\nthree").documents == ["You said: three"]
    roles = [message["role"] for message in server.requests[-1].body["messages"]]
    assert roles == ["user", "assistant"] * (1 + case.is_saved) + ["user"]


@pytest.mark.parametrize("api", APIS)
def test_a_refused_connection_is_an_error_of_two_lines(kernel: Kernel, server: Peer, api: Api) -> None:
    prepare(kernel, server, api)
    with socket.socket() as reserved:
        # The port is reserved, and the socket does not listen.
        reserved.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{reserved.getsockname()[1]}"
        ran = kernel.run(f"%%mimo --base-url http://{host}\ntwo")
    assert ran.error == [f"ConnectionFailed: Cannot connect to {host}: connection refused.", CONNECTION_HINT]
    assert count_saved_bytes(ran) <= 2_048


@pytest.mark.parametrize("api", APIS)
def test_a_server_with_an_invalid_certificate_receives_no_key(kernel: Kernel, server: Peer, api: Api) -> None:
    prepare(kernel, server, api)
    kernel.run("import os\nfor name in ('SSL_CERT_FILE', 'SSL_CERT_DIR'):\n    os.environ.pop(name, None)")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Peer() as impostor:
        impostor.encrypt(context)
        ran = kernel.run(f"%%mimo --base-url https://{impostor.host}\ntwo")
        assert impostor.requests == []
    assert ran.error == [
        f"ConnectionFailed: TLS certificate verification failed for {impostor.host}.",
        "Check the base URL. For a private CA, set SSL_CERT_FILE to its certificates.",
    ]


def test_the_setting_debug_shows_the_traceback(kernel: Kernel, server: Peer) -> None:
    prepare(kernel, server, "openai")
    server.answers(error(401, KEY))
    kernel.run("%mimo_config debug=on")
    kernel.run("%xmode Verbose")
    ran = kernel.run("%%mimo\ntwo")
    kernel.run("%xmode Context")
    kernel.run("%mimo_config --reset debug")
    assert len(ran.error) > 4
    assert "http.py" in "".join(ran.error)
    assert ran.error[-2:] == [
        "InvalidApiKey: HTTP 401 Unauthorized: (the key)",
        "Check the API key in MIMO_API_KEY. Each host and plan has its own keys.",
    ]
    assert KEY not in json.dumps(ran.messages)
