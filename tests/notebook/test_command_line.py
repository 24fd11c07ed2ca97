"""The words of a line, and the options at its beginning."""

import shlex

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.command_line import OptionScan, scan_options, split_at_cursor, split_words
from mimo_magics.notebook.options import OPTIONS_BY_FLAG


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  new  main ", ["new", "main"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("system='a b' \"stop=c d\"", ["system=a b", "stop=c d"]),
        ("param='{\"a\": 1}'", ['param={"a": 1}']),
        ('stop=["a","b"]', ['stop=["a","b"]']),
        ("system=", ["system="]),
        ("system=''", ["system="]),
        ("don't it's", ["don't", "it's"]),
        (r'"say \"no\"" "C:\data\x"', ['say "no"', r"C:\data\x"]),
        (r"'a\"b'", [r"a\"b"]),
        ("'it'\"'\"'s'", ["it's"]),
        (r"C:\Users\Ada\talk.json \\server\share", [r"C:\Users\Ada\talk.json", r"\\server\share"]),
        (r"my\ file\(1\).json", ["my file(1).json"]),
        ("'a\nb'", ["a\nb"]),
    ],
)
def test_a_line_is_split_at_blanks_outside_of_quotes(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize(
    "word",
    ["", "a b", "it's", 'say "no"', "'\"'", "\\", "a\\", "\n", "x=y z", "{'a': [1]}", "'", '"', "é 臺"],
)
def test_every_word_that_shlex_quotes_comes_back(word: str) -> None:
    assert split_words(f"first {shlex.quote(word)} {shlex.quote(f'name={word}')}") == [
        "first",
        word,
        f"name={word}",
    ]


@pytest.mark.parametrize("line", ["add 'x", 'a system="no end', "'a'b", "x '"])
def test_a_quote_that_is_not_closed_is_an_error(line: str) -> None:
    with pytest.raises(BadOption) as caught:
        split_words(line)
    assert (str(caught.value), caught.value.hint) == (
        "A quote on the line is not closed.",
        "Close it. Put a value that contains a quote in quotes of the other kind.",
    )


@pytest.mark.parametrize(
    ("line", "before", "typed"),
    [
        ("", [], ""),
        ("a b", ["a"], "b"),
        ("a b ", ["a", "b"], ""),
        ("a 'b c", ["a"], "'b c"),
        ("a x='b c", ["a"], "x='b c"),
    ],
)
def test_the_word_at_the_cursor_may_be_in_an_open_quote(line: str, before: list[str], typed: str) -> None:
    words, word_at_cursor = split_at_cursor(line)
    assert ([word.text for word in words], word_at_cursor) == (before, typed)


@pytest.mark.parametrize(
    ("line", "scan"),
    [
        ("", OptionScan()),
        ("-q", OptionScan(("-q",), {"quiet": []})),
        (
            "-t",
            OptionScan(("-t",), {"temperature": []}, OPTIONS_BY_FLAG["-t"], is_value_required=True),
        ),
        (
            "--web-search",
            OptionScan(("--web-search",), {"web_search": []}, OPTIONS_BY_FLAG["--web-search"]),
        ),
        (
            "--web-search force say 'hi",
            OptionScan(("--web-search=force",), {"web_search": ["force"]}, prompt="say 'hi"),
        ),
        ("--web-search say", OptionScan(("--web-search",), {"web_search": []}, prompt="say")),
        ("-q --  -t ", OptionScan(("-q",), {"quiet": []}, prompt="  -t ", has_separator=True)),
        ("--no-such x", OptionScan(prompt="--no-such x")),
        ("-5 is", OptionScan(prompt="-5 is")),
        ("'-q' is", OptionScan(prompt="'-q' is")),
    ],
)
def test_options_are_read_up_to_the_prompt(line: str, scan: OptionScan) -> None:
    assert scan_options(line, OPTIONS_BY_FLAG) == scan


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        ("--no-such x", "--no-such"),
        ("--no=x", "--no"),
        ("-5 is", ""),
        ("-- --no-such", ""),
        ("hi --new", ""),
        ("", ""),
    ],
)
def test_a_prompt_that_looks_like_an_option_is_an_unknown_flag(line: str, flag: str) -> None:
    assert scan_options(line, OPTIONS_BY_FLAG).unknown_flag == flag
