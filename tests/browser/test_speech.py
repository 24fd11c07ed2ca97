"""The player of a speech: in the window that ran it, in an untrusted copy without a kernel, and in an exported page."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.peer import Answer, Peer, Seen
from support.speech_service import audio_answer, serve_speech, tone

from browser.lab import Page, Server, copy, expect, write
from mimo_magics.core.audio import build_wav

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

CELLS = (
    "%load_ext mimo_magics",
    "%mimo_speak -o speech --voice Mia Good morning.",
    "%mimo_speak A long story.",
    "%mimo_transcribe speech",
)
LONG = build_wav(tone(45))
"""Audio that is too large for the notebook."""
PLAY = """async player => {
    await player.play();
    player.pause();
    return [player.duration, player.error];
}"""


def serve(seen: Seen) -> Answer:
    if seen.body["messages"][-1]["content"] == "A long story.":
        return audio_answer(seen, base64.b64encode(LONG).decode())
    return serve_speech(seen)


@pytest.fixture(scope="module")
def live(server: Server, browser: Browser, model: Peer) -> Iterator[Page]:
    """Yield the window that ran the notebook. It is saved."""
    model.script = serve
    folder = server.folder / "speech"
    folder.mkdir()
    write(folder / "speech.ipynb", *CELLS)
    with Page(server, browser, width=900, height=900) as page:
        page.open("speech/speech.ipynb")
        page.run_all()
        page.wait_idle()
        page.save()
        yield page
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=["live", "untrusted"])
def page(request: pytest.FixtureRequest, live: Page, server: Server, browser: Browser) -> Iterator[Page]:
    if request.param == "live":
        yield live
        return
    notebook = copy(server.folder / "speech" / "speech.ipynb", "untrusted.ipynb")
    with Page(server, browser) as page:
        page.open(f"speech/{notebook.name}", kernel=False)
        assert not page.is_trusted()
        yield page


def player(page: Page, cell: int) -> Locator:
    found = page.output(cell).locator("audio")
    expect(found).to_have_count(1)
    return found


@pytest.mark.parametrize(("cell", "seconds"), [(1, 0.5), (2, 45.0)], ids=["embedded", "file"])
def test_a_player_plays(page: Page, cell: int, seconds: float) -> None:
    assert player(page, cell).evaluate(PLAY) == [pytest.approx(seconds, abs=0.01), None]
    box = player(page, cell).bounding_box()
    assert box
    assert box["width"] > 100
    assert box["height"] > 30


def test_the_caption_and_the_transcript_are_below(page: Page) -> None:
    expect(page.output(1).locator("small")).to_have_text("Speech of 0.5 s · wav, 24 kB · mimo-v2.5-tts · Mia")
    expect(page.output(2).locator("small")).to_contain_text(" · file speech-")
    assert "Good morning, everyone." in page.output(3).inner_text()


def test_a_cell_has_one_output_without_the_progress(live: Page) -> None:
    outputs: list[list[dict[str, Any]]] = [live.outputs(cell) for cell in (1, 2, 3)]
    assert [[list(each["data"]) for each in cell] for cell in outputs] == [[["text/html", "text/plain"]]] * 3
    assert len(str(outputs[1])) < 1_000


def test_the_exported_page_has_the_players(live: Page, server: Server, browser: Browser) -> None:
    page = server.convert(server.folder / "speech" / "speech.ipynb", "html")
    window = browser.new_page()
    window.goto((server.folder / "speech" / "speech.html").as_uri())
    assert page.count("<audio controls") == 2
    for number, seconds in enumerate((0.5, 45.0)):
        found = window.locator("audio").nth(number)
        assert found.evaluate(PLAY) == [pytest.approx(seconds, abs=0.01), None]
    window.close()
