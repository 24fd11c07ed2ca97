"""Names of sessions."""

import pytest

from mimo_magics.session.session_names import sanitize_session_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("talk", "talk"),
        ("01", "notebook-01"),
        ("a (1)", "a -1-"),
        ("测试 1", "测试 1"),
        (".x", "x"),
        ("", "notebook-"),
    ],
)
def test_any_text_becomes_a_valid_name(text: str, name: str) -> None:
    assert sanitize_session_name(text) == name
