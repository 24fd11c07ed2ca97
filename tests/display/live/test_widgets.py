"""The widgets of a live view, by the messages to the page."""

from support.widget_page import WIDGETS, PageConnection

from mimo_magics.display.live.widgets import WidgetFactory, widget_bundle


def test_the_widgets_of_a_view_share_one_layout_and_one_style_of_each_kind(wire: PageConnection) -> None:
    factory = WidgetFactory()
    for number in range(3):
        factory.html(f"<p>{number}</p>")
        factory.button(f"Button {number}", "stop", lambda: None, "Tooltip")
    models = [state["_model_name"] for state in wire.states.values()]
    assert {name: models.count(name) for name in models} == {
        "LayoutModel": 1,
        "HTMLStyleModel": 1,
        "HTMLModel": 3,
        "ButtonStyleModel": 1,
        "ButtonModel": 3,
    }


def test_a_button_calls_its_function_when_it_is_clicked(wire: PageConnection) -> None:
    clicks: list[str] = []
    factory = WidgetFactory()
    factory.button("One", "check", lambda: clicks.append("one"), "Tooltip")
    factory.button("Two", "check", lambda: clicks.append("two"), "Tooltip")
    wire.press("Two")
    assert clicks == ["two"]


def test_a_fold_button_shows_and_hides_its_body(wire: PageConnection) -> None:
    factory = WidgetFactory()
    body = factory.box()
    factory.fold_button("Steps", body, is_open=False)
    heading = wire.find("ToggleButtonModel", "Steps")
    states = []
    for is_open in (None, True, False):
        if is_open is not None:
            wire.update(heading, {"value": is_open})
        layout = wire.states[wire.states[body.model_id]["layout"].removeprefix("IPY_MODEL_")]
        states.append((wire.states[heading]["icon"], layout["display"]))
    assert states == [("caret-right", "none"), ("caret-down", None), ("caret-right", "none")]


def test_math_is_typeset_only_where_it_is_marked(wire: PageConnection) -> None:
    WidgetFactory().math("<p>$5</p>")
    assert wire.values() == ['<div class="mathjax_ignore tex2jax_ignore"><p>$5</p></div>']


def test_closing_a_factory_removes_its_widgets_and_no_others(wire: PageConnection) -> None:
    other = WidgetFactory().html("<p>stays</p>")
    before = set(wire.states)
    factory = WidgetFactory()
    factory.fold_button("Steps", factory.box(factory.math("$x$")), is_open=True)
    factory.progress_bar("Replies", 3, "Tooltip")
    factory.close()
    assert (set(wire.states), wire.states[other.model_id]["value"]) == (before, "<p>stays</p>")


def test_the_bundle_of_a_widget_names_its_model(wire: PageConnection) -> None:
    widget = WidgetFactory().html()
    assert widget_bundle(widget) == {
        WIDGETS: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id},
        "text/plain": "…",
    }
