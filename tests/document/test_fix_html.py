"""A corrected cell as HTML and as text."""

import pytest
from support.hostile import HOSTILE
from support.read_html import find_harm

from mimo_magics.document.fix_html import fix_bundle

SPAN_STYLE = {"span style": r"display:block;background:#[0-9a-f]{4}"}
DIFF = "--- cell [1]\n+++ cell [1], corrected\n@@ -1,2 +1,2 @@\n x = 1\n-y = z\n+y = x"


def test_the_cause_the_change_and_the_advice_are_shown() -> None:
    bundle = fix_bundle("`z` is not defined.", DIFF, ("Run it.",), footer="mimo · 3 tokens")
    assert bundle["text/plain"] == f"`z` is not defined.\n\n{DIFF}\n\nRun it."
    html = bundle["text/html"]
    assert "<p><code>z</code> is not defined.</p>" in html
    assert '<span style="display:block;background:#f443">-y = z</span>' in html
    assert '<span style="display:block;background:#2a63">+y = x</span>' in html
    assert "--- cell [1]\n+++ cell [1], corrected\n@@ -1,2 +1,2 @@\n x = 1\n" in html
    assert html.index("Run it.") < html.index("mimo · 3 tokens")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_untrusted_text_does_no_harm(text: str) -> None:
    bundle = fix_bundle(text, f"--- a\n+++ b\n-{text}\n+{text}", ())
    assert find_harm(bundle["text/html"], SPAN_STYLE) == []


def test_a_long_difference_is_cut() -> None:
    bundle = fix_bundle("", "\n".join(["+x"] * 5_000), ())
    assert bundle["text/html"].count("<span") == 2_000
    assert "… 3,000" in bundle["text/html"]
