"""Completion of references in a prompt, without calling user code."""

import pytest
from support.completion_choices import CHOICES, VARIABLES, completed_texts

from mimo_magics.notebook.completion.matcher import complete


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("{ci", ["{city"]),
        ("In {co", ["In {count"]),
        ("{city} and {ci", ["{city} and {city"]),
        ("{", [f"{{{name}" for name in sorted(VARIABLES) if not name.startswith("_")]),
        ("{_", ["{_hidden"]),
        ("{__", []),
        ("{booby.pl", ["{booby.plain"]),
        ("{booby.tr", ["{booby.trap"]),
        ("{booby.plain.", ["{booby.plain.leaf"]),
        ("{booby.trap.", []),
        ("{booby.method.", []),
        ("{booby.__", []),
        ("{slotted.in", ["{slotted.inner"]),
        ("{slotted.inner.d", ["{slotted.inner.deep"]),
        ('{rows[0]["fi', ['{rows[0]["first name']),
        ('{rows[0]["', ['{rows[0]["first name']),
        ("{rows[0]['f", ["{rows[0]['first name"]),
        ("{rows[0][", ['{rows[0]["first name"']),
        ("{rows[0]['first name'].", ["{rows[0]['first name'].x"]),
        ('{rows["', []),
        ("{rows[7].", []),
        ('{rows["a"].', []),
        ('{filled["a', ['{filled["a']),
        ('{filled["no"].', []),
        ('{trapped["no"].', []),
        ('{frame["', ['{frame["town', '{frame["year']),
        ("{missing.", []),
        ("{broken.cl", []),
        ("{{ci", []),
        ("${ci", []),
        (r"\frac{ci", []),
        ('f"{ci', ['f"{city']),
        ("{{city}} {ci", ["{{city}} {city"]),
        ("$x^2$ {ci", ["$x^2$ {city"]),
        ("{ ci", []),
        ("{city}", []),
        ("{city} ci", []),
        ("ci", []),
        ("", []),
    ],
)
@pytest.mark.parametrize(
    "head", ["%%mimo\n", "%%mimo -t 0.2\nTell me.\n", "%%mimo_compare\n", "%mimo Tell me: ", "%mimo -q -- "]
)
def test_references_in_a_prompt_are_completed(head: str, prompt: str, expected: list[str]) -> None:
    found = complete(head + prompt, CHOICES)
    assert found
    assert completed_texts(head + prompt) == [head + each for each in expected]
    assert found.fallback == "none"
