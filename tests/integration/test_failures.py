"""Everything that can go wrong with a call, in a real kernel and in both formats.

For each: what the person sees (two lines, at most 2 KB saved), how often the server was asked, and what the
conversation is afterwards.
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

HALF = "half an answer"
APIS: list[Api] = ["openai", "anthropic"]
HTML = {"Content-Type": "text/html"}
AGAIN = "The service is overloaded or failed. Run the cell again later."


@dataclass(frozen=True)
class Case:
    """A fault and what becomes of it."""

    script: Callable[[object], Answer]
    told: tuple[str, str]
    requests: int = 1
    kept: bool = False
    """Whether half an answer stays in the conversation."""
    options: str = ""
    """Of the cell that fails."""


def broken_off(*end: object) -> Callable[[object], Answer]:
    return lambda seen: Answer([*frames(seen, [HALF], end=False), *end])


def says(status: int, message: str = "no", param: str = "", **headers: str) -> Callable[[object], Answer]:
    return lambda seen: error(status, message, param, **headers)


CUT_HINT = "The partial reply is kept. Resume it with %mimo continue, or run the cell again."
WIRE_HINT = "Check the base URL and the API format (--api)."
CONNECTION_HINT = "Check the network, the proxy and the base URL, then run the cell again."
TIMEOUT_HINT = "Raise the read timeout, such as %mimo_config timeout=900, or check the network."

CASES = {
    "400": Case(
        says(400, "Param Incorrect", "temperature is too warm"),
        (
            "BadRequest: HTTP 400 Bad Request: Param Incorrect: temperature is too warm",
            "Check the options of the cell, or start over without the history: %%mimo --new",
        ),
    ),
    "400 for lost reasoning": Case(
        says(
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
        says(400, "Param Incorrect", "Not supported model mimo-v2-pro"),
        (
            "UnknownModel: HTTP 400 Bad Request: Param Incorrect: Not supported model mimo-v2-pro",
            "Where it is retired, its successor is mimo-v2.6-pro: -m mimo-v2.6-pro",
        ),
    ),
    "401": Case(
        says(401, "Invalid API Key", "Please provide valid API Key"),
        (
            "InvalidApiKey: HTTP 401 Unauthorized: Invalid API Key: Please provide valid API Key",
            "Check the API key in MIMO_API_KEY. Each host and plan has its own keys.",
        ),
    ),
    "402": Case(
        says(402, "Insufficient balance"),
        (
            "InsufficientBalance: HTTP 402 Payment Required: Insufficient balance",
            "Top up the account, or check its usage in the console.",
        ),
    ),
    "403": Case(
        says(403, "illegal_access"),
        (
            "Forbidden: HTTP 403 Forbidden: illegal_access",
            "The service may be unavailable in your region, or the account is blocked. Check the account and its API key.",
        ),
    ),
    "404": Case(
        says(404, "No endpoints found that support image input"),
        (
            "UnknownModel: HTTP 404 Not Found: No endpoints found that support image input",
            "This model does not accept images. Choose one that does with -m.",
        ),
    ),
    "404 for the model": Case(
        says(404, "not found"),
        (
            "UnknownModel: HTTP 404: not found",
            "Where it is retired, its successor is mimo-v2.6-pro: -m mimo-v2.6-pro",
        ),
    ),
    "307": Case(
        says(307, "moved", Location="http://127.0.0.1:9/"),
        (
            "ApiError: HTTP 307: moved",
            "The server redirects to another address, and API keys do not follow redirects. Set that address as the base URL.",
        ),
    ),
    "413": Case(
        says(413, "too large"),
        (
            "ApiError: HTTP 413 Payload Too Large: too large",
            "Check the base URL, the API format (--api) and the options of the cell.",
        ),
    ),
    "421": Case(
        says(421, "content policy"),
        ("ContentFiltered: HTTP 421: content policy", "Rephrase the prompt."),
    ),
    "429": Case(
        says(429, "Too many requests"),
        (
            "RateLimited: HTTP 429: Too many requests",
            "Rate limit reached. Wait a moment, then run the cell again.",
        ),
        requests=5,
    ),
    "429 with Retry-After": Case(
        says(429, "Too many requests", **{"Retry-After": "0"}),
        (
            "RateLimited: HTTP 429: Too many requests",
            "Rate limit reached. Wait a moment, then run the cell again.",
        ),
        requests=5,
    ),
    "429 with a long Retry-After": Case(
        says(429, "Too many requests", **{"Retry-After": "3600"}),
        ("RateLimited: HTTP 429: Too many requests", "The server asks to wait 3,600 s (Retry-After)."),
    ),
    "500": Case(says(500, "oops"), ("ServerBusy: HTTP 500 Internal Server Error: oops", AGAIN), requests=5),
    "503": Case(
        says(503, "overloaded"), ("ServerBusy: HTTP 503 Service Unavailable: overloaded", AGAIN), requests=5
    ),
    "dropped before the answer": Case(
        lambda seen: Answer([CUT]),
        ("ConnectionFailed: HOST closed the connection without sending a response.", CONNECTION_HINT),
        requests=5,
    ),
    "cut": Case(
        broken_off(CUT),
        ("IncompleteStream: The connection to HOST was closed during the reply.", CUT_HINT),
        kept=True,
    ),
    "ended early": Case(
        broken_off(),
        ("IncompleteStream: The stream from HOST ended before the reply was complete.", CUT_HINT),
        kept=True,
    ),
    "error frame": Case(
        broken_off(sse({"type": "error", "error": {"code": "500", "message": "upstream is gone"}})),
        ("ServerBusy: HTTP 500 Internal Server Error: upstream is gone", AGAIN),
        kept=True,
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
        broken_off(b"data: {oops\n\n"),
        ("WireError: The server sent an event with invalid JSON.", WIRE_HINT),
        kept=True,
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
        broken_off(SILENCE),
        ("IncompleteStream: Read timeout: HOST stopped sending during the reply.", CUT_HINT),
        kept=True,
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
        kernel.run(
            "from mimo_magics.client import retry; retry.INITIAL_DELAY = 0.001"
        )  # the waits are not what is tested
        yield kernel


def prepared(kernel: Kernel, peer: Peer, api: Api) -> None:
    """A conversation of one turn."""
    peer.script = obey
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    assert kernel.run(f"%mimo_config api={api} base_url={base_url}").status == "ok"
    assert kernel.run("%%mimo --new\none").status == "ok"
    peer.requests.clear()


def saved(ran: Ran) -> int:
    """Bytes that a notebook keeps of what failed: its traceback and its outputs."""
    lines = [content["traceback"] for kind, content in ran.messages if kind == "error"]
    return len(json.dumps([ran.outputs, lines]))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", CASES)
def test_a_failure_is_told_in_two_lines_and_the_conversation_stays_valid(
    kernel: Kernel, server: Peer, name: str, api: Api
) -> None:
    case = CASES[name]
    prepared(kernel, server, api)
    server.script = case.script
    failed, following = kernel.run_all([f"%%mimo{case.options}\ntwo", "print('ran')"])
    assert tuple(failed.error) == tuple(line.replace("HOST", server.host) for line in case.told)
    assert (failed.status, following.status) == ("error", "aborted")
    assert saved(failed) <= 2_048
    assert len(server.requests) == case.requests
    assert [text for text in failed.documents if text] == ([HALF] if case.kept else [])
    server.script = obey
    assert kernel.run("%%mimo\nthree").documents == ["You said: three"]
    roles = [message["role"] for message in server.requests[-1].body["messages"]]
    assert roles == ["user", "assistant"] * (1 + case.kept) + ["user"]


@pytest.mark.parametrize("api", APIS)
def test_a_refused_connection_is_told(kernel: Kernel, server: Peer, api: Api) -> None:
    prepared(kernel, server, api)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"  # taken as long as the block lasts, and nobody listens
        ran = kernel.run(f"%%mimo --base-url http://{host}\ntwo")
    assert ran.error == [f"ConnectionFailed: Cannot connect to {host}: connection refused.", CONNECTION_HINT]
    assert saved(ran) <= 2_048


@pytest.mark.parametrize("api", APIS)
def test_a_server_that_cannot_prove_who_it_is_gets_no_key(kernel: Kernel, server: Peer, api: Api) -> None:
    prepared(kernel, server, api)
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


def test_the_trace_is_shown_when_it_is_asked_for(kernel: Kernel, server: Peer) -> None:
    prepared(kernel, server, "openai")
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
