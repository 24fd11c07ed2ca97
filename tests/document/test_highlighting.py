"""Code is colored within bounds: the model chooses the language and the code."""

import pytest

from mimo_magics.document.highlighting import (
    LEXER_NAMES,
    MAX_BLOCK_CHARS,
    MAX_DOCUMENT_CHARS,
    code_html,
    is_colored,
)
from mimo_magics.document.markdown import to_html

LINE = "return 1\n"


@pytest.mark.parametrize("language", sorted(LEXER_NAMES))
def test_each_listed_language_has_a_lexer(language: str) -> None:
    assert is_colored(LINE, language)
    assert code_html(LINE, language).startswith('<pre class="highlight"><code>')


def test_case_does_not_matter() -> None:
    assert code_html(LINE, "Python") == code_html(LINE, "python") != code_html(LINE, "text")


@pytest.mark.parametrize("language", ["easytrieve", "mathematica", "", "no such", "python; x"])
def test_other_languages_are_plain(language: str) -> None:
    assert (
        code_html("\t" * 2_500 + "<", language)
        == f'<pre class="highlight"><code>{chr(9) * 2_500}&lt;</code></pre>'
    )


@pytest.mark.parametrize(
    "code",
    [LINE * MAX_BLOCK_CHARS, "\t" * 2_500, "a " * 400, "\n\t" * 100, " \n" * 100, "0" * 1_000, '"\\' * 500],
    ids=["large", "tabs", "a long line", "blank lines", "blanks", "digits", "quotes"],
)
@pytest.mark.parametrize("language", ["python", "java", "makefile", "c"])
def test_large_or_odd_code_is_plain(language: str, code: str) -> None:
    assert not is_colored(code, language)
    assert "<span" not in code_html(code, language)


def test_a_document_is_colored_up_to_a_bound() -> None:
    block = LINE * 800
    count = MAX_DOCUMENT_CHARS // len(block)
    html = to_html(f"```python\n{block}```\n\n" * (count + 3))
    assert html.count("<span") == count * 800 * 2
    assert html.count("<pre") == count + 3
