"""What a prompt sends beside its own text, in a few words."""

import pytest

from mimo_magics.core.context_item import MAX_DETAIL_CHARS, MAX_NAME_CHARS, ContextItem
from mimo_magics.core.messages import ContextPart, ImagePart


@pytest.mark.parametrize(
    ("part", "label"),
    [
        (
            ContextPart("x" * 1_800, "df", "pandas DataFrame", "41,233 x 7, schema and 5 rows", 4_200_000),
            "df 41,233 x 7, schema and 5 rows, 1.8 of 4,200 kB",
        ),
        (ContextPart("Oslo", "city", "str", "str", 4), "city str, 4 bytes"),
        (ContextPart("x", "c", whole_size=1), "c, 1 byte"),
        (ContextPart("x" * 2_000, kind="dict"), "dict, 2.0 kB"),
        (ImagePart("https://example.org/plot.png", "plot"), "plot, tokens unknown"),
    ],
)
def test_a_label_has_the_name_the_content_and_the_size(part: ContextPart | ImagePart, label: str) -> None:
    assert ContextItem(part).label == label


def test_a_label_of_a_stranger_is_short_and_has_no_invisible_characters() -> None:
    label = ContextItem(ContextPart("x", "n\u202e" * 999, "", "d\n\x1b[2J" * 999, 1)).label
    assert "\u202e" not in label
    assert "\x1b" not in label
    assert "\n" not in label
    assert len(label) < MAX_NAME_CHARS + MAX_DETAIL_CHARS + 20
