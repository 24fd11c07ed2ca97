"""Objects of a schema from replies with broken JSON: ours beside instructor, pydantic-ai and chatlas.

    python benchmarks/structured.py            all clients that are installed (the extra `bench` has the others)
    python benchmarks/structured.py --short    ours only, as in the tests

One local server sends each reply of tests/support/broken_replies.py, and the same one again when it is requested again. An
object counts as wrong if it is none of those that the reply may be read as. Counts are compared, no times.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from pydantic import BaseModel, create_model
from support.broken_replies import ASK, CASES, Case
from support.peer import KEY, Answer, Peer, Seen

import mimo_magics

PROMPT = "Describe what you know."
MODEL = "mimo-v2-pro"
Client = Callable[[str, Any], Any]
"""Sends the prompt to a base URL, and returns the object or the objects of a schema."""


@dataclass
class Counts:
    """What a client got from all replies."""

    objects: int = 0
    wrong: int = 0
    requests: int = 0
    exceptions: list[str] = field(default_factory=list)


def allowed_objects(case: Case) -> list[Any]:
    """Return the objects that a reply may be read as."""
    expected = case.expected if isinstance(case.expected, list) else [case.expected]
    return [each for each in (*expected, *case.contained) if each is not ASK and each != ASK]


def to_json(value: Any) -> Any:
    """Return an object as JSON, as the corpus writes it."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def ours(base_url: str, schema: Any) -> Any:
    return mimo_magics.ask(
        PROMPT, schema=schema, base_url=base_url, model=MODEL, system="none", stream=False
    ).value


def build_body(text: str, reason: str) -> bytes:
    """Return a response of the OpenAI format with all fields that its clients require."""
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [{"index": 0, "finish_reason": reason, "message": message}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    ).encode()


def with_instructor(base_url: str, schema: Any) -> Any:
    import instructor
    from openai import OpenAI

    client = instructor.from_openai(OpenAI(base_url=base_url, api_key=KEY), mode=instructor.Mode.JSON)
    return client.chat.completions.create(
        model=MODEL,
        response_model=schema,
        max_retries=2,
        messages=[{"role": "user", "content": PROMPT}],
    )


def with_pydantic_ai(base_url: str, schema: Any) -> Any:
    from pydantic_ai import Agent, PromptedOutput
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=base_url, api_key=KEY))
    return Agent(model, output_type=PromptedOutput(schema), retries=2).run_sync(PROMPT).output


def with_chatlas(base_url: str, schema: Any) -> Any:
    from chatlas import ChatOpenAICompletions

    chat = ChatOpenAICompletions(base_url=base_url, model=MODEL, api_key=KEY)
    # It takes no list.
    model = create_model("Items", items=(schema, ...)) if get_origin(schema) is list else schema
    value = chat.chat_structured(PROMPT, data_model=model, echo="none")
    return value.items if get_origin(schema) is list else value


CLIENTS: dict[str, Client] = {
    "ours": ours,
    "instructor": with_instructor,
    "pydantic-ai": with_pydantic_ai,
    "chatlas": with_chatlas,
}


def iter_objects(value: Any) -> Iterator[Any]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    yield from map(to_json, values)


def run_case(client: Client, case: Case, peer: Peer, counts: Counts) -> None:
    def answer(_: Seen) -> Answer:
        body = build_body(case.reply, "length" if case.is_truncated else "stop")
        return Answer([body], headers={"Content-Type": "application/json"})

    peer.script = answer
    peer.requests.clear()
    try:
        found = list(iter_objects(client(f"{peer.url}/v1", case.schema)))
    except Exception as error:  # noqa: BLE001  what a client raises is counted
        counts.exceptions.append(type(error).__name__)
        found = []
    counts.requests += len(peer.requests)
    allowed = allowed_objects(case)
    counts.objects += len(found)
    counts.wrong += sum(each not in allowed for each in found)


def is_plain(case: Case) -> bool:
    """Return whether all clients take the schema: a model, or a list of models."""
    (item,) = get_args(case.schema) or (case.schema,)
    return isinstance(item, type) and issubclass(item, BaseModel)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="only our own client")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()
    cases = [case for case in CASES if is_plain(case)]
    readable = sum(len(allowed_objects(case)) for case in cases)
    print(f"{len(cases)} replies, of which at most {readable} objects can be read")
    print(f"{'client':14}{'objects':>9}{'wrong':>7}{'requests':>10}{'exceptions':>12}")
    with Peer() as peer:
        for name in ["ours"] if options.short else CLIENTS:
            counts = Counts()
            for case in cases:
                run_case(CLIENTS[name], case, peer, counts)
            kinds = sorted(set(counts.exceptions))
            print(
                f"{name:14}{counts.objects:>9}{counts.wrong:>7}{counts.requests:>10}{len(counts.exceptions):>12}"
                f"  {', '.join(kinds)}".rstrip()
            )


if __name__ == "__main__":
    main()
