"""JSON is indented unless that would make it large."""

import pytest

from mimo_magics.document.json_text import MAX_INDENTED_DEPTH, format_json, nesting_depth


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ('{"a":[1,"é"]}', '{\n  "a": [\n    1,\n    "é"\n  ]\n}'),
        ("no JSON", "no JSON"),
        ('{"a": ', '{"a": '),
        ("[" * 100_000, "[" * 100_000),
        ("[" * 20 + "]" * 20, "[" * 20 + "]" * 20),
    ],
)
def test_json_is_indented(text: str, formatted: str) -> None:
    assert format_json(text) == formatted


@pytest.mark.parametrize("depth", [MAX_INDENTED_DEPTH, MAX_INDENTED_DEPTH + 1, 850])
def test_deeply_nested_json_stays_small(depth: int) -> None:
    text = "[" * depth + "1," * 1_000 + "1" + "]" * depth
    assert len(format_json(text)) <= (2 * MAX_INDENTED_DEPTH + 4) * len(text)


@pytest.mark.parametrize(
    ("text", "depth"), [("", 0), ("1", 0), ('{"a": [1]}', 2), ('["[["]', 3), ("]]][", 0)]
)
def test_the_depth_is_an_upper_bound(text: str, depth: int) -> None:
    assert nesting_depth(text) == depth
