"""One output of a cell, which is updated in place."""

from support.widget_page import Published

from mimo_magics.display.output import Output


def test_updates_replace_what_the_first_one_displayed(published: Published) -> None:
    output = Output()
    output.update({"text/plain": "one"})
    output.update({"text/plain": "two"}, {"mimo": {"version": 1}})
    assert [(each["data"], each["metadata"], each["update"]) for each in published] == [
        ({"text/plain": "one"}, {}, False),
        ({"text/plain": "two"}, {"mimo": {"version": 1}}, True),
    ]
    assert len({each["transient"]["display_id"] for each in published}) == 1


def test_it_is_displayed_from_the_first_update_on(published: Published) -> None:
    output = Output()
    assert (output.is_displayed, published) == (False, [])
    output.update({"text/plain": "one"})
    assert output.is_displayed


def test_two_outputs_of_a_cell_are_updated_apart(published: Published) -> None:
    first, second = Output(), Output()
    for output in (first, second, first):
        output.update({"text/plain": "x"})
    ids = [each["transient"]["display_id"] for each in published]
    assert ids[0] == ids[2] != ids[1]


def test_clearing_empties_what_is_displayed_and_displays_nothing_new(published: Published) -> None:
    output = Output()
    output.clear()
    assert published == []
    output.update({"text/html": "<p>Hi</p>", "text/plain": "Hi"})
    output.clear()
    assert (published[-1]["data"], published[-1]["update"]) == ({"text/plain": ""}, True)
