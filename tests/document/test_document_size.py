"""The document of a reply has a size limit."""

import pytest

from mimo_magics.core.messages import Message, Reply, TextPart, ToolCall, ToolResult
from mimo_magics.document.reply import MAX_HTML_CHARS, reply_bundle

SIZE = 40_000
DEEP = "[" * 850 + "1" + "]" * 850
LARGE = {
    "a URL that is used often": f"[a]: https://x.org/{'x' * 20_000}\n\n" + "[a]" * 5_000,
    "a title that is used often": f"[a]: https://x.org '{'t' * 20_000}'\n\n" + "[a]" * 5_000,
    "many URLs": "".join(f"[{n}]: https://x.org/{'x' * 3_900}\n" for n in range(5)) + "[1][2][3]" * 2_000,
    "a wide table": "|" + "a|" * 500 + "\n|" + "-|" * 500 + "\n" + "|\n" * 19_000,
    "entities": "&#x202E;" * 5_000,
    "code": "```python\n" + "a = 1\n" * 6_000 + "```",
    "nested lists": "".join("  " * n + "- x\n" for n in range(280)),
}


def size(reply: Reply) -> int:
    return sum(map(len, reply_bundle(reply).values()))


@pytest.mark.parametrize("text", LARGE.values(), ids=[*LARGE])
def test_the_document_of_a_reply_of_40_kb_has_a_size_limit(text: str) -> None:
    assert len(text) <= 2 * SIZE
    assert (
        size(Reply(Message("assistant", (TextPart(text),)), stop="end"))
        <= MAX_HTML_CHARS + 3 * len(text) + 1_000
    )


@pytest.mark.parametrize(
    "call", [ToolCall("c1", "t", DEEP), ToolCall("c1", "t", '{"a": ' * 600 + "1" + "}" * 600)]
)
def test_deeply_nested_arguments_and_results_stay_small(call: ToolCall) -> None:
    parts = (call, ToolResult("c1", "t", DEEP))
    assert size(Reply(Message("assistant", parts), stop="end")) < 50_000


def test_a_reply_with_too_much_html_is_shown_as_text() -> None:
    text = f"[a]: https://x.org/{'x' * 3_900}\n\n" + "[a] " * 1_500
    html = reply_bundle(Reply(Message("assistant", (TextPart(text),)), stop="end"))["text/html"]
    assert "<a " not in html
    assert "Shown as plain text: the HTML would be too large." in html
    assert html.count("[a] ") > 1_000
