"""Public bug reports as tests: each test links to its reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mimo_magics import Session
from mimo_magics.core.messages import ToolCall
from support.decoded_streams import openai_stream
from support.format_cases import Frame, openai_chunk
from support.peer import Answer, Peer, Seen


def report(*links: str) -> pytest.MarkDecorator:
    """Mark a test, or one of its inputs, with the links of public reports."""
    return pytest.mark.report(*links)


def find_links(item: pytest.Item) -> list[str]:
    """Return the links of a test."""
    return [link for mark in item.iter_markers("report") for link in mark.args]


def streamed(*chunks: Frame, finish: str = "stop") -> Answer:
    """Return a response in the OpenAI format with these chunks and a final one."""
    return Answer([openai_stream(*chunks, openai_chunk(finish))])


def text(words: str) -> Answer:
    return streamed(openai_chunk(content=words))


def call_chunk(id_: str | None, name: str | None, arguments: Any, index: Any = 0) -> Frame:
    """Return a delta of one tool call in the form of various servers."""
    call = {"index": index, "id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
    return openai_chunk(tool_calls=[call])


def called(*chunks: Frame) -> Answer:
    """Return a response that ends with tool calls."""
    return streamed(*chunks, finish="tool_calls")


def create_session(peer: Peer, **options: Any) -> Session:
    return Session(**{"base_url": f"{peer.url}/v1", "system": "none", **options})


class Tools:
    """Two tools that record their calls, and an approval function that records its questions."""

    def __init__(self, allow: Callable[[ToolCall], bool] = lambda _: True) -> None:
        self.ran: list[str] = []
        self.questions: list[str] = []
        self._allow = allow

    def look(self, path: str) -> str:
        """Look."""
        self.ran.append(f"look {path}")
        return f"content of {path}"

    def erase(self, path: str) -> str:
        """Erase."""
        self.ran.append(f"erase {path}")
        return "gone"

    def approve(self, call: ToolCall) -> bool:
        self.questions.append(f"{call.name} {json.loads(call.arguments)['path']}")
        return self._allow(call)

    def create_session(self, peer: Peer, **options: Any) -> Session:
        return create_session(peer, tools=[self.look, self.erase], **options)


def results(session: Session) -> list[str]:
    """Return the tool results of the last turn."""
    return [part.output for part in session.turns[-1].reply.message.parts if hasattr(part, "output")]


def messages(peer: Peer, number: int = -1) -> list[dict[str, Any]]:
    """Return the messages of a request."""
    sent: list[dict[str, Any]] = peer.requests[number].body["messages"]
    return sent


def refusing(refuse: Callable[[dict[str, Any]], Answer | None], *answers: Answer) -> Callable[[Seen], Answer]:
    """Return the responses in order, the last one repeatedly, but refuse invalid requests."""
    left = list(answers)

    def script(seen: Seen) -> Answer:
        return refuse(seen.body) or (left.pop(0) if len(left) > 1 else left[0])

    return script


def sent_arguments(body: dict[str, Any]) -> list[Any]:
    """Parse the arguments of all calls of a request, like strict servers.

    Raises:
        ValueError: the arguments are not JSON.
    """
    calls = [call for message in body["messages"] for call in message.get("tool_calls") or ()]
    return [json.loads(call["function"]["arguments"]) for call in calls]
