"""Titles and the document of a comparison, for tests."""

from __future__ import annotations

from mimo_magics.session.comparison.result import DisplayBundle
from support.widget_page import Published

BUNDLE = {"text/html": "<p>All</p>", "text/plain": "All"}
DOCUMENT = DisplayBundle(BUNDLE)
METADATA = {"mimo": {"version": 1}}
TITLES = ("temperature 0", "temperature 0.7", "temperature 1")


def plain_texts(published: Published) -> list[str]:
    return [output["data"]["text/plain"] for output in published]
