"""The table of `%mimo_models`: the list of the server, joined with published data."""

from __future__ import annotations

import pytest
from support.hostile import HOSTILE
from support.kernel import Kernel
from support.peer import Peer

from mimo_magics.core.settings import Settings
from mimo_magics.notebook.commands.models import models_bundle


def test_the_table_joins_the_list_of_the_server_with_published_data() -> None:
    shown = models_bundle(Settings(model="new"), ("mimo-v2-pro", "mimo-v2-tts", "new"))["text/plain"]
    assert shown.splitlines() == [
        "   model           window  max output  inputs  thinking  input  cached  output",
        "   mimo-v2-pro  1,048,576     128,000  text    yes        1.05    1.05    3.15",
        "   mimo-v2-tts      8,192       8,192  speech  –             0       0       0",
        "→  new                  –           –  –       –             –       –       –",
        "Models listed by mimo-v2. Model data as of 2026-11-22; prices in US dollars per million tokens, as of 2026-09.",
    ]


def test_the_caption_reports_a_missing_list() -> None:
    shown = models_bundle(Settings(prices={"mimo-v2-omni": [1, 0.5, 2]}), ())["text/plain"].splitlines()
    names = ["mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni", "mimo-v2-tts"]
    assert [line[3:16].strip() for line in shown[1:-1]] == names
    assert shown[3].split()[-5:] == ["1", "0.5", "2", "your", "prices"]
    assert "text, images, audio, video" in shown[3]
    assert shown[-1].startswith("No model list from mimo-v2; only published models are shown.")


def test_a_retired_model_of_xiaomi_names_its_successor() -> None:
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
def test_the_arrow_marks_the_current_model(
    preset: str, model: str | None, ids: tuple[str, ...], arrow: list[str]
) -> None:
    lines = models_bundle(Settings(preset=preset, model=model), ids)["text/plain"].splitlines()
    assert [line.split()[1] for line in lines if line.startswith("→")] == arrow


def test_of_a_long_list_the_current_and_the_known_models_are_not_folded() -> None:
    ids = (*(f"vendor/model-{number}" for number in range(300)), "mimo-v2-flash", "mine")
    bundle = models_bundle(Settings(model="mine"), ids)
    lines = bundle["text/plain"].splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["→", "mine"],
        ["mimo-v2-flash", "262,144"],
        ["vendor/model-0", "–"],
    ]
    visible, _, folded = bundle["text/html"].partition("<details>")
    assert (visible.count("<tr"), folded.partition("</summary>")[0]) == (
        21,
        '<summary dir="auto">Show 282 more',
    )


def test_model_ids_of_a_server_are_escaped() -> None:
    page = models_bundle(Settings(), tuple(HOSTILE.values()))
    assert "<script" not in page["text/html"]
    assert "\x9b" not in page["text/plain"]


def test_the_models_of_the_server_are_listed(kernel: Kernel, peer: Peer) -> None:
    assert (
        kernel.run("%mimo_models")
        .documents[0]
        .splitlines()[-1]
        .startswith("No model list from the server at the base URL")
    )
    peer.models = ["mimo-v2-pro", "house-model"]
    lines = kernel.run("%mimo_models").documents[0].splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["→", "mimo-v2-pro"], ["house-model", "–"]]
    assert lines[-1].startswith("Models listed by the server at the base URL.")


def test_an_unknown_service_is_an_error(kernel: Kernel) -> None:
    assert kernel.run("%mimo_models xiaomy").error == [
        "BadOption: Unknown preset 'xiaomy'.",
        "Did you mean xiaomi?",
    ]
