"""Entities and percent-encoded URLs that the parser decodes, and host names in the text of links."""

import re

import pytest
from support.hostile import everywhere

from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.document.markdown import to_html
from mimo_magics.document.reply import reply_bundle
from mimo_magics.document.table import table_bundle

DECODED = [
    "x&#x202E;gpj.exe",
    "[&#x202E;moc.knab//:sptth](https://outside.invalid)",
    "a&#x200B;b&ZeroWidthSpace;c&#xE0041;d&shy;",
    "<http://x/%E2%80%AEgnp.exe>",
    "<http://x/%1b%5d52;c;cm0gLXJmIH4K%1b%5c>",
    "`a\u202eb` *&#8238;* **&#x2066;**",
    "![&#x202E;a](https://outside.invalid/x.png)",
    "[a](https://outside.invalid '&#x202E;title')",
    "| &#x202E;a | b |\n|---|---|\n| &lrm;&lrm;x | &#xFEFF; |",
    "# &#x202E;heading",
    "- &#x1b;[2J",
    "[a][b]\n\n[b]: https://outside.invalid/ '&#x202E;'",
    "$x &#x202E;$ \\(\u202e\\)",
    "```\n&#x202E;\u202e\n```",
]


def find_invisible(html: str) -> list[str]:
    return INVISIBLE_CHARACTERS.findall(html)


@pytest.mark.parametrize("images", [False, True])
@pytest.mark.parametrize("source", DECODED)
def test_the_html_has_no_invisible_characters(source: str, images: bool) -> None:
    assert find_invisible(to_html(source, remote_images=images)) == []


@pytest.mark.parametrize("source", DECODED)
def test_a_document_has_no_invisible_characters(source: str) -> None:
    assert find_invisible(reply_bundle(everywhere(source))["text/html"]) == []


def test_invisible_characters_in_a_cell_are_shown() -> None:
    bundle = table_bundle(["tool"], [["read\U000e0072\U000e006d"], ["a\u202eb"]])
    assert all("⟨U+E0072⟩⟨U+E006D⟩" in shown and "⟨U+202E⟩" in shown for shown in bundle.values())


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (
            "[https://github.com/login](https://outside.invalid/login)",
            "https://github.com/login (outside.invalid)",
        ),
        ("[github.com](http://outside.invalid)", "github.com (outside.invalid)"),
        ("[**github.com**](http://outside.invalid)", "github.com (outside.invalid)"),
        (
            "[Log in at https://github.com](http://outside.invalid/x)",
            "Log in at https://github.com (outside.invalid)",
        ),
        (
            "[https://github.com@outside.invalid/](https://outside.invalid)",
            "https://github.com@outside.invalid/",
        ),
        (
            "[see https://github.com now](https://outside.invalid)",
            "see https://github.com now (outside.invalid)",
        ),
        ("[(https://github.com)](https://outside.invalid)", "(https://github.com) (outside.invalid)"),
        ("[https://github.com.](https://outside.invalid)", "https://github.com. (outside.invalid)"),
        ("[http://1.2.3.4/](https://outside.invalid)", "http://1.2.3.4/ (outside.invalid)"),
        ("[see https://outside.invalid now](https://outside.invalid)", "see https://outside.invalid now"),
        ("[the manual](https://outside.invalid/login)", "the manual"),
        ("[www.github.com](https://github.com/login)", "www.github.com"),
        ("<https://github.com/login>", "https://github.com/login"),
        ("[setup.py](https://outside.invalid/x)", "setup.py (outside.invalid)"),
    ],
)
def test_a_link_text_that_names_another_host_is_followed_by_the_real_host(source: str, shown: str) -> None:
    assert re.sub(r"<[^>]*>", "", to_html(source)).strip() == shown


def test_plain_text_is_the_unchanged_markdown() -> None:
    reply = Reply(Message("assistant", (TextPart("[github.com](https://outside.invalid)"),)))
    assert reply_bundle(reply)["text/plain"] == "[github.com](https://outside.invalid)"
