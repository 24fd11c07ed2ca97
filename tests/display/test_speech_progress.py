"""The line that is shown while a speech model works."""

from typing import Any

from mimo_magics.core.events import AudioDelta, Retrying, TextDelta
from mimo_magics.display.speech_progress import SpeechProgress


class Lines:
    """An output that keeps what it shows."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def update(self, bundle: dict[str, Any]) -> None:
        self.texts.append(bundle["text/plain"])


def test_the_line_tells_retries_and_how_much_audio_there_is() -> None:
    lines, times = Lines(), iter([0.0, 0.0, 0.1, 0.6, 0.6])
    progress = SpeechProgress(lines, "Generating speech …", is_streamed=True, now=lambda: next(times))  # type: ignore[arg-type]
    progress.start()
    progress.show(Retrying(2, 5, 1.0, "busy"))
    progress.show(TextDelta("x"))
    for _ in range(3):
        progress.show(AudioDelta("A" * 64_000))
    assert lines.texts == [
        "Generating speech …",
        "busy · retrying in 1 s, attempt 2 of 5",
        "Received 1.0 s of speech …",
        "Received 3.0 s of speech …",
    ]


def test_audio_in_one_piece_is_not_counted_as_samples() -> None:
    lines = Lines()
    SpeechProgress(lines, "Generating speech …").show(AudioDelta("A" * 64_000))  # type: ignore[arg-type]
    assert lines.texts == []
