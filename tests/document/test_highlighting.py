"""Syntax highlighting is limited: the model chooses the language and the code."""

import sys

import pytest

from mimo_magics.document.highlighting import (
    LEXER_NAMES,
    MAX_BLOCK_CHARS,
    MAX_DOCUMENT_CHARS,
    SLOW_FACTOR,
    SLOW_LEXER_NAMES,
    code_html,
    is_highlighted,
)
from mimo_magics.document.markdown import to_html

LINE = "return 1\n"


@pytest.mark.parametrize("language", sorted(LEXER_NAMES))
def test_each_listed_language_has_a_lexer(language: str) -> None:
    assert is_highlighted(LINE, language)
    assert code_html(LINE, language).startswith('<pre class="highlight"><code>')


def test_the_case_of_a_language_name_does_not_matter() -> None:
    assert code_html(LINE, "Python") == code_html(LINE, "python") != code_html(LINE, "text")


@pytest.mark.parametrize("language", ["easytrieve", "mathematica", "", "no such", "python; x"])
def test_other_languages_are_not_highlighted(language: str) -> None:
    assert (
        code_html("\t" * 2_500 + "<", language)
        == f'<pre class="highlight"><code>{chr(9) * 2_500}&lt;</code></pre>'
    )


@pytest.mark.parametrize(
    "code",
    [LINE * MAX_BLOCK_CHARS, "\t" * 2_500, "a " * 400, "\n\t" * 100, " \n" * 100, "0" * 1_000, '"\\' * 500],
    ids=["large", "tabs", "a long line", "blank lines", "spaces", "digits", "quotes"],
)
@pytest.mark.parametrize("language", ["python", "java", "makefile", "c"])
def test_large_code_and_long_runs_are_not_highlighted(language: str, code: str) -> None:
    assert not is_highlighted(code, language)
    assert "<span" not in code_html(code, language)


@pytest.mark.parametrize("language", sorted(SLOW_LEXER_NAMES))
def test_slow_lexers_have_a_lower_limit(language: str) -> None:
    chars = MAX_BLOCK_CHARS // SLOW_FACTOR // len(LINE) * len(LINE)
    assert is_highlighted(LINE * (chars // len(LINE)), language)
    assert not is_highlighted(LINE * (chars // len(LINE) + 1), language)
    blocks = MAX_DOCUMENT_CHARS // (SLOW_FACTOR * chars)
    html = to_html(f"```{language}\n{LINE * (chars // len(LINE))}```\n\n" * (blocks + 3))
    assert sum("<span" in block for block in html.split("<pre")) == (0 if language == "html" else blocks)


@pytest.mark.parametrize("language", sorted(LEXER_NAMES))
def test_no_lexer_calls_another_one_by_a_name_in_the_code(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    code_html("x", language)
    for name in ("get_lexer_by_name", "get_lexer_for_mimetype"):
        for module in list(sys.modules.values()):
            if module and module.__name__.startswith("pygments.lexers") and hasattr(module, name):
                monkeypatch.setattr(module, name, called.append)
    code_html(
        "```easytrieve\nx\n```\n\nCREATE FUNCTION f() RETURNS int AS $$ x $$ LANGUAGE easytrieve;\n"
        "HTTP/1.1 200 OK\nContent-Type: text/x-easytrieve\n\nx\n",
        language,
    )
    code_html("HTTP/1.1 200 OK\nContent-Type: text/x-easytrieve\n\nx\n", language)
    assert called == []


def test_a_document_is_highlighted_up_to_a_limit() -> None:
    block = LINE * 800
    count = MAX_DOCUMENT_CHARS // len(block)
    html = to_html(f"```python\n{block}```\n\n" * (count + 3))
    assert html.count("<span") == count * 800 * 2
    assert html.count("<pre") == count + 3
