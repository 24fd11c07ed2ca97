"""The final renderer and the silent renderer."""

import pytest
from support.widget_page import Published

from mimo_magics.core.events import Event, Note, Retrying, TextDelta
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.display.final import FinalRenderer
from mimo_magics.document.reply import DisplayOptions, ReplyDocument, reply_bundle

EVENTS: list[Event] = [Retrying(2, 5, 1.5, "HTTP 503: busy"), Note("too warm"), TextDelta("**Hi**")]
REPLY = Reply(Message("assistant", (TextPart("**Hi**"),)), stop="end")


def test_the_final_renderer_shows_one_plain_output_when_the_reply_is_complete(published: Published) -> None:
    renderer = FinalRenderer()
    for event in EVENTS:
        renderer.show(event)
        renderer.tick()
    assert published == []
    renderer.finish(ReplyDocument(REPLY), {"version": 1})
    assert [(each["data"], each["metadata"], each["update"]) for each in published] == [
        (reply_bundle(REPLY), {"version": 1}, False)
    ]
    assert "display_id" not in (published[0]["transient"] or {})


@pytest.mark.parametrize("form", ["markdown", "text", "json"])
def test_the_final_renderer_shows_the_reply_in_the_format_of_the_settings(
    form: str, published: Published
) -> None:
    options = DisplayOptions(form)
    FinalRenderer().finish(ReplyDocument(REPLY, options), {})
    assert [each["data"] for each in published] == [reply_bundle(REPLY, display_options=options)]


def test_the_silent_renderer_shows_and_prints_nothing(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    renderer = SilentRenderer()
    for event in EVENTS:
        renderer.show(event)
        renderer.tick()
    renderer.finish(ReplyDocument(REPLY), {"version": 1})
    renderer.clear()
    assert (published, capsys.readouterr().out) == ([], "")
