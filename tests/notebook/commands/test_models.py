"""The table of `%mimo_models`: what a server lists, joined with what is published."""

from __future__ import annotations

import pytest
from support.hostile import HOSTILE

from mimo_magics.core.settings import Settings
from mimo_magics.notebook.commands.models import models_bundle


def test_the_table_joins_the_list_with_what_is_published() -> None:
    shown = models_bundle(Settings(model="new"), ("mimo-v2-pro", "mimo-v2-tts", "new"))["text/plain"]
    assert shown.splitlines() == [
        "   model           window  max output  inputs  thinking  input  cached  output",
        "   mimo-v2-pro  1,048,576     128,000  text    yes        1.05    1.05    3.15",
        "   mimo-v2-tts      8,192       8,192  speech  –             –       –       –",
        "→  new                  –           –  –       –             –       –       –",
        "Listed by mimo-v2. Model data as of 2026-11-22; prices in US dollars per million tokens, as of 2026-09.",
    ]


def test_without_a_list_the_table_says_so() -> None:
    shown = models_bundle(Settings(prices={"mimo-v2-omni": [1, 0.5, 2]}), ())["text/plain"].splitlines()
    names = ["mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni", "mimo-v2-tts"]
    assert [line[3:16].strip() for line in shown[1:-1]] == names
    assert shown[3].split()[-3:] == ["1", "0.5", "2"]
    assert "text, images, audio, video" in shown[3]
    assert shown[-1].startswith("mimo-v2 returned no list of models; published models only.")


def test_a_model_that_xiaomi_retired_points_to_its_successor() -> None:
    shown = models_bundle(Settings(preset="xiaomi"), ("mimo-v2.6-pro", "mimo-v2.5"))[
        "text/plain"
    ].splitlines()
    assert shown[1].startswith("→  mimo-v2.6-pro")
    assert "text, images, audio" in shown[1]
    assert shown[2].endswith("retired; replaced by mimo-v2.6-flash")


@pytest.mark.parametrize(
    ("preset", "model", "ids", "arrow"),
    [
        ("xiaomi", None, ("mimo-v2.5-tts", "mimo-v2.6-flash", "mimo-v2.6-pro"), ["mimo-v2.6-pro"]),
        ("xiaomi", "mimo-v2.6-pro", ("mimo-v2.6-flash", "mimo-v2.6-pro"), ["mimo-v2.6-pro"]),
        ("xiaomi", None, (), ["mimo-v2.6-pro"]),
        ("mimo-v2", None, ("mimo-v2-flash", "mimo-v2-pro"), ["mimo-v2-pro"]),
        ("mimo-v2", "new", ("mimo-v2-pro",), []),
    ],
)
def test_the_arrow_is_at_the_model_that_would_answer(
    preset: str, model: str | None, ids: tuple[str, ...], arrow: list[str]
) -> None:
    lines = models_bundle(Settings(preset=preset, model=model), ids)["text/plain"].splitlines()
    assert [line.split()[1] for line in lines if line.startswith("→")] == arrow


def test_the_names_that_a_server_lists_are_text() -> None:
    page = models_bundle(Settings(), tuple(HOSTILE.values()))
    assert "<script" not in page["text/html"]
    assert "\x9b" not in page["text/plain"]
