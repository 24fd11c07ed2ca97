"""Export of a session to other formats."""

from __future__ import annotations

import ast
import os
import shutil
import struct
import subprocess
import sys
import zlib
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from support.context_items import LINE, PROMPT
from support.hostile import HOSTILE, everywhere, find_unexpected
from support.peer import KEY, Peer
from support.read_html import ParsedHtml, reparse_html
from support.turns_strategy import histories

from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.messages import (
    Annotation,
    AudioPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
    user_message,
)
from mimo_magics.core.settings import Api, Settings
from mimo_magics.session.history import History
from mimo_magics.session.session import Session
from mimo_magics.session.storage.export import EXPORTERS, export_history
from mimo_magics.session.storage.transcript import build_transcript, format_time
from mimo_magics.session.turn import Turn

SHELL = (
    "JSON\n",
    "\nJSON\ntouch caught\n",
    "'; touch caught #",
    "$(touch caught)`touch caught`",
    "\\",
    "!!\0\r\x7f",
)
"""Texts that try to leave a quoted text of a shell."""
PYTHON = ('"""', "'''\nimport os", "\\", "{os}", "a\r\nb", "a\u2028b", "#", "\ud800")
"""Texts that try to leave a string literal of Python."""


def turn(prompt: str = "one", *parts: object, created_at: float = 0.0, **fields: Any) -> Turn:
    answer = Reply(Message("assistant", parts or (TextPart("Two."),)), stop="end", model="mimo-test")
    return replace(Turn(user_message(prompt), answer, Params("m"), "mimo-v2", "openai", created_at), **fields)


def history_of(*turns: Turn) -> History:
    history = History()
    for each in turns:
        history = history.append_turn(each)
    return history


def markdown(history: History, name: str = "main") -> str:
    return export_history(history, name, "md", Settings())


@pytest.mark.parametrize(
    ("to", "hint"),
    [("htm", "Did you mean html?"), ("docx", "Available: md, html, py, curl, json."), ("", None)],
)
def test_an_unknown_format_is_refused_with_a_suggestion(to: str, hint: str | None) -> None:
    with pytest.raises(BadOption, match=f"Unknown export format '{to}'.") as failure:
        export_history(history_of(turn()), "main", to, Settings())
    assert failure.value.hint == (hint or "Available: md, html, py, curl, json.")


@pytest.mark.parametrize("to", EXPORTERS)
def test_a_session_without_turns_cannot_be_exported(to: str) -> None:
    for history in (History(), history_of(turn()).drop_last(1)):
        with pytest.raises(BadOption, match="The session has no turns to export"):
            export_history(history, "main", to, Settings())


def exported(history: History, to: str) -> str:
    """Return the export, or the error message."""
    try:
        return export_history(history, "main", to, Settings())
    except MimoError as error:
        return f"{error} {error.hint}"


@given(histories())
def test_any_history_is_exported_to_every_format_or_refused_with_a_reason(history: History) -> None:
    for text in (exported(history, to) for to in EXPORTERS):
        assert text.encode().decode() == text != ""


# Markdown


def test_markdown_has_prompts_replies_and_tool_calls() -> None:
    parts = (
        ReasoningPart("What is ``` here?"),
        ToolCall("1", "run_it", '{"code": "`````"}'),
        ToolResult("1", "run_it", "```\n# no heading\n```", is_error=True, log="*printed*"),
        TextPart("It is **so**."),
    )
    full_turn = turn("# one\n````", *parts, omitted_turns=1, summary="They said hello.")
    sourced = replace(
        full_turn.reply, notes=("*note*",), annotations=(Annotation("https://a.example/_x_", "[A]"),)
    )
    assert markdown(history_of(replace(full_turn, reply=sourced)), "my *talk*") == (
        "# my \\*talk\\*\n\n## Turn 1\n\n`````\n# one\n````\n`````\n\n"
        "<details><summary>Sent in place of older turns</summary>\n\n```\nThey said hello.\n```\n\n</details>\n\n"
        "<details><summary>Reasoning</summary>\n\n````\nWhat is ``` here?\n````\n\n</details>\n\n"
        'Call to run\\_it\n\n``````\n{\n  "code": "`````"\n}\n``````\n\n'
        "Result of run\\_it: failed\n\n````\n```\n# no heading\n```\n````\n\nPrinted output\n\n```\n*printed*\n```\n\n"
        "It is **so**.\n\n⚠ \\*note\\*\n\n- \\[A\\] https://a.example/\\_x\\_\n\n"
        f"*mimo-test · {format_time(0)} · the oldest turn was not sent, but a summary was*\n"
    )


@pytest.mark.parametrize(
    "end", ["```python\nprint(1)", "~~~\n", "<!-- so", "<script>", "1. a\n   ```\n   b", "> ~~~"]
)
def test_an_open_code_block_of_a_truncated_reply_is_closed(end: str) -> None:
    tokens = MarkdownIt("commonmark").parse(markdown(history_of(turn("one", TextPart(end)), turn("two"))))
    headings = [tokens[place + 1].content for place, each in enumerate(tokens) if each.type == "heading_open"]
    assert headings == ["main", "Turn 1", "Turn 2"]


def parsed(source: str) -> tuple[list[str], set[str], set[str]]:
    """Return the headings of Markdown, its HTML, and the types of its links and images."""
    tokens = MarkdownIt("commonmark").enable("table").parse(source)
    inner = [child for token in tokens for child in (token, *(token.children or ()))]
    return (
        [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"],
        {token.content for token in inner if token.type in ("html_block", "html_inline")},
        {token.type for token in inner} & {"link_open", "image", "table_open", "blockquote_open"},
    )


@pytest.mark.parametrize("text", [*HOSTILE.values(), *SHELL, *PYTHON], ids=ascii)
def test_in_markdown_only_replies_have_markup(text: str) -> None:
    hostile_reply = everywhere(text)
    parts = tuple(part for part in hostile_reply.message.parts if not isinstance(part, TextPart))
    silent = replace(hostile_reply, message=Message("assistant", (*parts, TextPart("Two."))))
    full_turn = turn(text, reply=silent, summary=text, omitted_turns=1, system=text)
    headings, html, acting = parsed(markdown(history_of(full_turn, turn()), f"x {text}"))
    assert headings[1:] == ["Turn 1", "Turn 2"]
    assert html == {
        "<details><summary>Sent in place of older turns</summary>\n",
        "<details><summary>Reasoning</summary>\n",
        "</details>\n",
    }
    assert acting == set()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_reply_in_markdown_ends_with_its_turn(text: str) -> None:
    headings, _, _ = parsed(markdown(history_of(turn("one", TextPart(text)), turn())))
    assert headings[-1] == "Turn 2"


# HTML

PAGE = {
    "html lang": "en",
    "head ": "",
    "meta charset": "utf-8",
    "meta http-equiv": "Content-Security-Policy",
    "meta name": "viewport",
    "meta content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'|width=device-width",
    "title ": "",
    "style ": "",
    "body ": "",
}
"""Elements of a page that a document in a notebook does not have."""


def test_an_html_page_is_self_contained_and_has_the_transcript() -> None:
    html = export_history(history_of(turn()), "my <talk>", "html", Settings())
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert "<title>my &lt;talk&gt;</title>" in html
    assert '<h1 dir="auto">my &lt;talk&gt;</h1>' in html
    assert build_transcript(history_of(turn()), "my <talk>").html in html


def test_an_html_page_has_the_images_of_the_prompts_and_names_other_media() -> None:
    data = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    data += struct.pack(">I", zlib.crc32(data[12:]))
    for kind, body in ((b"IDAT", zlib.compress(b"\0" + bytes(6))), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    picture = ImagePart(f"data:image/png;base64,{b64encode(data).decode()}", "<plot>.png")
    svg = ImagePart(f"data:image/svg+xml;base64,{b64encode(b'<svg onload=alert(1)>').decode()}", "s")
    parts = (picture, svg, ImagePart("media:sha256-x"), AudioPart("https://a.example/x.mp3", "<b>"))
    page = turn(prompt="Look")
    page = replace(page, prompt=replace(page.prompt, parts=(*page.prompt.parts, *parts)))
    html = export_history(history_of(page), "talk", "html", Settings())
    assert html.count("<img ") == 1
    assert 'alt="&lt;plot&gt;.png 2x1, about 8 tokens"' in html
    assert "image/svg" not in html
    assert "a.example" not in html.partition("<small")[2].partition("<img")[2]
    assert "&lt;b&gt;, tokens unknown" in html


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_an_html_page_runs_no_script_and_loads_nothing(text: str) -> None:
    full_turn = turn(text, reply=everywhere(text), summary=text, omitted_turns=1, system=text, cell=text)
    doctype, _, html = export_history(
        history_of(full_turn, full_turn).drop_last(1), text, "html", Settings()
    ).partition("\n")
    assert doctype == "<!DOCTYPE html>"
    found = ParsedHtml(html).found
    assert find_unexpected(found, PAGE) == []
    once = [each[0] for each in found if len(each) == 1]
    assert [once.count(tag) for tag in ("style", "title", "meta")] == [1, 1, 3]
    body = html.partition("</h1>")[2].partition("</body>")[0]
    assert find_unexpected(ParsedHtml(reparse_html(body)).found) == []


# Python


def bound(peer: Peer, api: Api = "openai", **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(base_url=base_url, api=api, **options)


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "MIMO_API_KEY": KEY, "NO_PROXY": "*"}


def bodies(peer: Peer) -> list[Any]:
    return [(seen.path, seen.body) for seen in peer.requests]


def test_a_script_has_the_settings_of_the_turns() -> None:
    params = Params(
        "m", temperature=0.0, max_completion_tokens=9, thinking=False, response_format={"type": "json_object"}
    )
    one = turn(system="Be brief.", params=params)
    two = turn("two", system="Be brief.", params=Params("m", extra={"seed": 1}), omitted_turns=1)
    picture = Message("user", (ImagePart("https://a.example/x.png"), TextPart("What is it?")))
    three = replace(turn(params=Params("m", response_format={"type": "text"})), prompt=picture)
    assert export_history(history_of(one, two, three), "my talk", "py", Settings()) == (
        '"""Send the prompts of a session again. The API key is in the variable MIMO_API_KEY."""\n\n'
        "from mimo_magics import Session\n"
        "from mimo_magics.core.messages import ImagePart, TextPart\n\n"
        "session = Session(\n    name='my talk',\n    preset='mimo-v2',\n    api='openai',\n    model='m',\n)\n"
        "print(session.ask(\n    'one',\n    system='Be brief.',\n    temperature=0.0,\n    thinking=False,\n"
        "    max_tokens=9,\n    json=True,\n))\n"
        "print(session.ask(\n    'two',\n    system='Be brief.',\n    overflow='drop-oldest',\n"
        "    param={'seed': 1},\n))\n"
        "print(session.ask(\n    [ImagePart(url='https://a.example/x.png', name=''), TextPart(text='What is it?')],\n"
        "    system='none',\n    param={'response_format': {'type': 'text'}},\n))\n"
    )


@pytest.mark.parametrize(
    ("turn_fields", "settings", "where"),
    [
        ({"preset": "xiaomi"}, Settings(base_url="https://a.example/v1"), {"preset": "xiaomi"}),
        (
            {"preset": "other"},
            Settings(base_url="https://a.example/v1"),
            {"base_url": "https://a.example/v1"},
        ),
        (
            {"preset": "gone", "api": "anthropic"},
            Settings(preset="xiaomi"),
            {"preset": "xiaomi", "api": "anthropic"},
        ),
        ({"preset": "local"}, Settings(local_model="x.gguf"), {"preset": "local", "local_model": "x.gguf"}),
        ({}, Settings(stream=False, auth="both"), {"stream": False, "auth": "both"}),
    ],
)
def test_a_script_calls_the_service_of_the_turns(
    turn_fields: dict[str, Any], settings: Settings, where: dict[str, Any]
) -> None:
    tree = ast.parse(export_history(history_of(turn(**turn_fields)), "main", "py", settings))
    call = next(each for each in ast.walk(tree) if isinstance(each, ast.Call))
    given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    usual = {"name": "main", "preset": "mimo-v2", "api": "openai", "system": "none", "model": "m"}
    assert given == {**usual, **where}


@pytest.mark.parametrize("text", [*HOSTILE.values(), *SHELL, *PYTHON], ids=ascii)
def test_any_text_is_a_string_literal_in_a_script(text: str) -> None:
    params = Params(text, stop=(text,), extra={text: [text]})
    picture = Message("user", (TextPart(text), ImagePart(text)))
    full_turn = turn(
        text, reply=everywhere(text), params=params, system=text, summary=text, omitted_turns=1, tools=(text,)
    )
    script = export_history(history_of(full_turn, replace(full_turn, prompt=picture)), text, "py", Settings())
    assert compile(script.encode(), "script", "exec")
    tree = ast.parse(script)
    kinds = [type(each).__name__ for each in tree.body]
    assert kinds == ["Expr", "ImportFrom", "ImportFrom", "Assign", "Expr", "Expr"]
    inner = list(ast.walk(tree))
    called = sorted(ast.unparse(each.func) for each in inner if isinstance(each, ast.Call))
    assert called == ["ImagePart", "Session", "TextPart", "print", "print", "session.ask", "session.ask"]
    assert {each.id for each in inner if isinstance(each, ast.Name)} == {
        "ImagePart",
        "Session",
        "TextPart",
        "print",
        "session",
    }
    assert [each.value for each in inner if isinstance(each, ast.Constant)].count(text) >= 8


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_script_sends_the_same_prompts(peer: Peer, api: Api, tmp_path: Path) -> None:
    own_session = bound(peer, api, system='Be "brief".', max_tokens=99)
    for text in (*HOSTILE.values(), *SHELL, *PYTHON[:-1]):
        own_session.ask(text)
    own_session.ask("Last.", temperature=0.5, thinking=False, stop=("END",), param={"seed": 1}, model="other")
    before = bodies(peer)
    peer.requests.clear()
    script = tmp_path / "again.py"
    script.write_text(
        export_history(own_session.history, own_session.name, "py", own_session.settings), encoding="utf-8"
    )
    printed = subprocess.run(
        [sys.executable, script], env=environment(), capture_output=True, cwd=tmp_path, check=True
    )
    assert bodies(peer) == before
    assert printed.stdout.decode().endswith("You said: Last.\n")


# The shell


def test_a_curl_command_has_the_form_of_the_quick_start_page() -> None:
    full_turn = turn("it's\x9b\u202e\U000e0041", system="Be brief.", tools=("clock",))
    assert export_history(history_of(full_turn), "main", "curl", Settings(stream=False)) == (
        "curl --request POST https://api.mimo-v2.com/v1/chat/completions \\\n"
        '--header "Authorization: Bearer $MIMO_API_KEY" \\\n'
        '--header "Content-Type: application/json" \\\n'
        "--data-raw '{\n"
        '  "model": "m",\n  "messages": [\n'
        '    {\n      "role": "system",\n      "content": "Be brief."\n    },\n'
        '    {\n      "role": "user",\n      "content": "it\\u0027s\\u009b\\u202e\\udb40\\udc41"\n    }\n'
        '  ],\n  "stream": false\n}\'\n'
    )


def test_a_curl_command_sends_the_key_in_the_header_of_the_service() -> None:
    both = export_history(history_of(turn(api="anthropic")), "main", "curl", Settings(auth="both"))
    assert [line for line in both.split("\n") if line.startswith("--header")] == [
        '--header "anthropic-version: 2023-06-01" \\',
        '--header "Authorization: Bearer $MIMO_API_KEY" \\',
        '--header "api-key: $MIMO_API_KEY" \\',
        '--header "Content-Type: application/json" \\',
    ]


def test_a_curl_command_for_the_embedded_model_is_refused() -> None:
    with pytest.raises(BadOption, match="The embedded model has no public base URL") as failure:
        export_history(history_of(turn(preset="local")), "main", "curl", Settings())
    assert failure.value.hint == "Export to py instead."


@pytest.fixture
def shell(tmp_path: Path) -> Any:
    """Run a command in an empty folder, which must stay empty."""
    if not shutil.which("curl"):
        pytest.skip("curl is missing")

    def run(command: str) -> bytes:
        file = tmp_path / "command.sh"
        file.write_text(command, encoding="utf-8")
        done = subprocess.run(["sh", file], env=environment(), capture_output=True, cwd=tmp_path, check=True)
        assert list(tmp_path.iterdir()) == [file]
        return done.stdout

    return run


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_curl_command_sends_the_same_request(peer: Peer, api: Api, shell: Any) -> None:
    own_session = bound(peer, api, system='Be "brief".\nJSON\n$(touch caught)', max_tokens=99)
    for text in (*HOSTILE.values(), *SHELL, "你好 🙂"):
        own_session.ask(text)
    hostile = "'\nJSON\ntouch caught; `touch caught` $(touch caught) !! \\"
    own_session.ask(hostile, temperature=0.5, stop=(hostile,), param={hostile: [hostile]}, thinking=True)
    sent = peer.requests[-1]
    assert b"mimo-test" in shell(export_history(own_session.history, hostile, "curl", own_session.settings))
    second_request = peer.requests[-1]
    assert second_request is not sent
    assert (second_request.path, second_request.body) == (sent.path, sent.body)
    key = {
        name: sent.headers.get(name)
        for name in ("authorization", "api-key", "anthropic-version", "content-type")
    }
    assert {name: second_request.headers.get(name) for name in key} == key


def test_a_curl_command_has_tool_calls_and_results_and_omits_the_turns_that_were_omitted(
    peer: Peer, shell: Any
) -> None:
    called = (ToolCall("c1", "clock", "{}"), ToolResult("c1", "clock", "12\nJSON\n"), TextPart("Noon."))
    last = turn("And now?", preset="other", omitted_turns=1, summary="They said hello.")
    history = history_of(turn("Hello."), turn("When?", *called), last)
    shell(export_history(history, "main", "curl", Settings(base_url=f"{peer.url}/v1")))
    call = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    assert peer.requests[-1].body["messages"] == [
        {"role": "user", "content": "This is a summary of what we said before:\n\nThey said hello."},
        {"role": "assistant", "content": "Thank you. I will go on from there."},
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "12\nJSON\n"},
        {"role": "assistant", "content": "Noon."},
        {"role": "user", "content": "And now?"},
    ]


def test_markdown_has_the_context_of_a_prompt_below_it() -> None:
    text = markdown(history_of(replace(turn(), prompt=PROMPT)))
    assert (
        "```\nDescribe {df⟨U+202E⟩} now.\n```\n\n"
        f"<details><summary>{LINE}</summary>\n\n"
        "df⟨U+202E⟩ 1 x 2, 0.1 of 4,200 kB · about 4 tokens"
    ) in text
    assert "\n\n```\na,b\n<1>,2⟨U+001B⟩]0;x\n\n```\n\n</details>\n" in text


def test_a_page_has_the_context_of_a_prompt_once() -> None:
    page = export_history(history_of(replace(turn(), prompt=PROMPT)), "main", "html", Settings())
    assert page.count("a,b\n&lt;1&gt;,2⟨U+001B⟩]0;x") == 1
    assert page.count(f">{LINE}</summary>") == 1
