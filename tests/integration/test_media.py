"""Media on the wire: what a server with the media rules of MiMo receives, and what the official clients accept."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import ImageBlockParam, TextBlockParam
from openai.types.chat import ChatCompletionContentPartImageParam, ChatCompletionContentPartTextParam
from pydantic import TypeAdapter
from support.media_cases import CASES, TEXTS, build_prompt, readable
from support.media_files import FILES, png, wav
from support.media_rules import find_media_fault, list_seen_media
from support.peer import Peer

from mimo_magics import Session
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import AudioPart, ImagePart, Message, Params, Request, TextPart, VideoPart
from mimo_magics.core.settings import Api
from mimo_magics.wire.formats import FORMATS

SDK_TYPES: dict[Api, TypeAdapter[Any]] = {
    "openai": TypeAdapter(list[ChatCompletionContentPartTextParam | ChatCompletionContentPartImageParam]),
    "anthropic": TypeAdapter(list[TextBlockParam | ImageBlockParam]),
}
IMAGE_CASES = [name for name in CASES if not name.startswith(("audio", "video"))]


def session(peer: Peer, api: Api = "openai", model: str = "mimo-v2-omni") -> Session:
    return Session(base_url=peer.url, api=api, model=model)


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("name", CASES)
def test_a_server_receives_the_content_of_the_file(name: str, api: Api, peer: Peer) -> None:
    try:
        session(peer, api).ask(build_prompt(name))
    except BadOption as error:
        received = "\n".join((*error.lines, ""))
        assert peer.requests == []
    else:
        (seen,) = peer.requests
        received = readable(seen.body["messages"][-1]["content"])
        assert find_media_fault(seen.body, api) == ""
        assert list_seen_media(seen.body, api) != []
    assert received == (TEXTS / f"{name}.{api}.txt").read_text(encoding="utf-8")


def test_each_file_belongs_to_a_case() -> None:
    assert {file.name for file in TEXTS.iterdir()} == {
        f"{name}.{api}.txt" for name in CASES for api in SDK_TYPES
    }


@pytest.mark.parametrize("api", SDK_TYPES)
@pytest.mark.parametrize("name", IMAGE_CASES)
def test_the_types_of_the_official_clients_accept_an_image(name: str, api: Api, peer: Peer) -> None:
    session(peer, api).ask(build_prompt(name))
    content = peer.requests[0].body["messages"][-1]["content"]
    assert SDK_TYPES[api].validate_python(content, strict=True) == content


@pytest.mark.parametrize(
    ("part", "model", "api", "fact"),
    [
        (ImagePart("https://a.example/x"), "mimo-v2-pro", "openai", "mimo-v2-pro does not accept images."),
        (ImagePart("https://a.example/x"), "mimo-v2-pro", "anthropic", "mimo-v2-pro does not accept images."),
        (
            AudioPart("https://a.example/x"),
            "mimo-v2-omni",
            "anthropic",
            "The Anthropic format does not support audio.",
        ),
        (
            VideoPart("https://a.example/x"),
            "mimo-v2-omni",
            "anthropic",
            "The Anthropic format does not support video.",
        ),
    ],
)
def test_what_the_server_would_refuse_or_drop_is_an_error_before_sending(
    part: Any, model: str, api: Api, fact: str, peer: Peer
) -> None:
    chat = session(peer, api, model)
    with pytest.raises(BadOption) as failure:
        chat.ask([part, "What is it?"])
    assert (failure.value.message, peer.requests, chat.turns) == (fact, [], ())


def test_media_of_older_turns_become_text_where_the_model_does_not_accept_them(peer: Peer) -> None:
    chat = session(peer)
    chat.ask(build_prompt("bytes"))
    reply = chat.ask("And now?", model="mimo-v2-pro")
    assert peer.requests[1].body["messages"][0]["content"] == (
        "Describe \n(An image was omitted: this model does not accept images.)\n"
    )
    assert "mimo-v2-pro does not accept images: 1 was not sent." in reply.notes
    assert find_media_fault(peer.requests[1].body, "openai") == ""


def test_with_schema_no_data_of_media_is_on_the_wire(peer: Peer) -> None:
    chat = session(peer)
    chat.ask(build_prompt("figure"))
    chat.ask("And now?", share="schema")
    body = str(peer.requests[1].body)
    assert ("base64" in body, "(Image was omitted: it is not shared.)" in body) == (False, True)
    with pytest.raises(BadOption, match="share=schema sends no images, audio or video"):
        chat.ask(build_prompt("figure"), share="schema")
    assert len(peer.requests) == 2


@pytest.mark.parametrize(
    ("api", "content", "fault"),
    [
        ("openai", [{"type": "image_url", "image_url": {"url": "https://a.example/x"}}], "`text` is not set"),
        (
            "openai",
            [
                {"type": "text", "text": "x"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,PHN2Zz4="}},
            ],
            "invalid image format",
        ),
        (
            "openai",
            [
                {"type": "text", "text": "x"},
                {"type": "video_url", "video_url": {"url": "https://a.example"}, "fps": 20},
            ],
            "invalid video options",
        ),
        ("openai", [{"type": "file", "file": {}}], "file type is not supported"),
        (
            "anthropic",
            [{"type": "image", "source": {"type": "url", "url": "https://a.example"}}],
            "`text` is not set",
        ),
        ("anthropic", [{"type": "document", "source": {"type": "url", "url": "https://a.example"}}], ""),
    ],
)
def test_the_server_refuses_what_mimo_refuses(api: Api, content: list[Any], fault: str) -> None:
    body = {"model": "mimo-v2-omni", "messages": [{"role": "user", "content": content}]}
    assert find_media_fault(body, api) == fault


def test_the_server_drops_what_mimo_drops() -> None:
    source = {"type": "url", "url": "https://a.example"}
    blocks = [{"type": kind, "source": source} for kind in ("audio", "video", "document", "image")]
    body = {"model": "m", "messages": [{"role": "user", "content": blocks}]}
    assert list_seen_media(body, "anthropic") == [("image", "https://a.example")]


def test_the_encoded_parts_of_all_kinds_pass_the_rules_in_one_message() -> None:
    files = [("image", png()), ("audio", wav()), ("video", FILES["video/mp4"])]
    from mimo_magics.context.media import media_part

    parts = (TextPart("What is it?"), *(media_part(kind, data, kind) for kind, data in files))
    body = FORMATS["openai"].encode(Request((Message("user", parts),), Params("mimo-v2-omni")))
    assert find_media_fault(body, "openai") == ""
    assert [kind for kind, _ in list_seen_media(body, "openai")] == ["image", "audio", "video"]
