"""Task lists and bare URLs."""

from __future__ import annotations

import re

import pytest
from support.hostile import HOSTILE
from support.read_html import find_harm

from mimo_magics.document.markdown import to_html
from mimo_magics.document.sanitizer import MAX_URL_CHARS

TASK = '<li style="list-style-type:none">'


def links(source: str) -> list[tuple[str, str]]:
    """Return the targets and the texts of the links."""
    return re.findall(r'<a href="([^"]*)" rel="noopener noreferrer nofollow">(.*?)</a>', to_html(source))


def texts(source: str) -> list[str]:
    return [text for _, text in links(source)]


def test_task_lists_have_boxes_in_place_of_bullets() -> None:
    assert to_html("- [ ] one\n- [x] *two*\n- three\n  1. [X] four") == (
        f"<ul>\n{TASK}☐ one</li>\n{TASK}☑ <em>two</em></li>\n"
        f"<li>three\n<ol>\n{TASK}☑ four</li>\n</ol>\n</li>\n</ul>\n"
    )


@pytest.mark.parametrize(
    "source", ["[ ] a", "- [y] a", "- a [x] b", "- [ ]a", "- \\[x] a", "- `[x]` a", "- [x]"]
)
def test_other_brackets_stay(source: str) -> None:
    html = to_html(source)
    assert TASK not in html
    assert not {"☐", "☑"} & set(html)


def test_a_bare_url_is_a_link() -> None:
    assert to_html("See https://x.org/a_b?c=1&d=2.") == (
        '<p>See <a href="https://x.org/a_b?c=1&amp;d=2" rel="noopener noreferrer nofollow">'
        "https://x.org/a_b?c=1&amp;d=2</a>.</p>\n"
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            "(https://x.org/a), **https://x.org/b** and https://x.org!",
            ["https://x.org/a", "https://x.org/b", "https://x.org"],
        ),
        (
            "https://en.wikipedia.org/wiki/A_(b) and (https://x.org/c(d))",
            ["https://en.wikipedia.org/wiki/A_(b)", "https://x.org/c(d)"],
        ),
        (
            "見https://zh.wikipedia.org/wiki/台灣。其他：https://x.org/a，完",
            ["https://zh.wikipedia.org/wiki/台灣", "https://x.org/a"],
        ),
        ("HTTP://localhost:8080/x#y, https://x.org:99", ["HTTP://localhost:8080/x#y", "https://x.org:99"]),
        (
            "- [ ] https://x.org\n\n> https://y.org\n\n|a|\n|-|\n|https://z.org|",
            ["https://x.org", "https://y.org", "https://z.org"],
        ),
    ],
)
def test_a_url_ends_where_a_reader_ends_it(source: str, found: list[str]) -> None:
    assert texts(source) == found


@pytest.mark.parametrize(
    "source",
    [
        "`https://x.org`",
        "    https://x.org",
        "$https://x.org$",
        "www.x.org x.org ftp://x.org javascript://x.org/%0aran file:///etc",
        "https:// http:///x https:x.org xhttps://x.org",
        "https://bank.com@outside.invalid/ https://bank.com:1@outside.invalid https://a:b@outside.invalid",
        "https://bücher.example https://ⅹ.org",
        f"https://x.org/{'x' * MAX_URL_CHARS}",
    ],
)
def test_other_texts_are_no_links(source: str) -> None:
    assert "<a" not in to_html(source)


def test_a_url_in_the_text_of_a_link_stays_a_text() -> None:
    assert links("[https://a.org](https://b.org) ![https://c.org](https://d.org)") == [
        ("https://b.org", "https://a.org"),
        ("https://d.org", "https://c.org"),
    ]


@pytest.mark.parametrize("source", ["[https://a.org](https://b.org)", "![https://a.org](https://b.org)"])
def test_another_host_than_that_of_the_text_is_named(source: str) -> None:
    assert to_html(source).endswith(">https://a.org</a> (b.org)</p>\n")


def test_an_invisible_character_ends_a_url() -> None:
    for character in ("\u202e", "&#x202E;", "\u3164", "&#x3164;", "\u200b", "\x00"):
        (target, text), *_ = links(f"https://x.org/a{character}b")
        assert (target, text) == ("https://x.org/a", "https://x.org/a")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_in_tasks_and_urls_is_harmless(name: str) -> None:
    text = HOSTILE[name]
    for source in (f"- [x] {text}", f"http://x.org/{text}", f"http://x.org/?{text}#{text}"):
        assert find_harm(to_html(source)) == []


@pytest.mark.parametrize(
    "piece", ["https://", "http://x.org/(", "https://x.org/a)", "- [x] ", "https://x.org/'", "(http://x/("]
)
def test_the_size_grows_with_the_text(piece: str) -> None:
    assert len(to_html(piece * 2_000)) <= 120 * len(piece) * 2_000
