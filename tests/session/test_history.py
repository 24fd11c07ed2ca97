"""The history as a value: the line of a cell, branches, and no turn that is lost.

Turns are written as `a1`, the first one of cell `a`. A history is made of what cells did, one after the other:
`a1` runs, `+b1` runs with `--new`, `&a2` adds a turn, as in a loop; `-1` undoes the last turn, `@1` goes to turn 1, and
`xa` deletes the cell `a`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.messages import Message, Params, Reply, TextPart, Usage, user_message
from mimo_magics.session.history import ROOT, Branch, History
from mimo_magics.session.turn import Turn


def turn(name: str) -> Turn:
    """The turn `a1` of cell `a`, or `?1` without a cell."""
    reply = Reply(Message("assistant", (TextPart(f"Answer {name}."),)), stop="end")
    cell = "" if name[0] == "?" else name[0]
    return Turn(user_message(name), reply, Params("m"), "mimo-v2", "openai", 1.0, id=f"id-{name}", cell=cell)


def opening(name: str) -> Turn:
    """The turn of a cell with `--new`."""
    return replace(turn(name), opens_branch=True)


def done(history: History, step: str) -> History:
    kind, rest = step[0], step[1:]
    match kind:
        case "+":
            return history.move_to(ROOT).append_turn(opening(rest))
        case "&":
            return history.append_turn(turn(rest))
        case "-":
            return history.drop_last(int(rest))
        case "@":
            return history.move_to(int(rest) - 1)
        case "x":
            return history.remove_cells(set(rest))
        case _:
            return history.rewind_to_cell(kind).append_turn(turn(step))


def after(steps: str, begin: History | None = None) -> History:
    return reduce(done, steps.split(), begin or History())


def prompts_of(history: History) -> str:
    """The prompts of the current line."""
    return " ".join(each.prompt.text for each in history.turns)


def line(history: History, number: int) -> str:
    return " ".join(history.all_turns[each].prompt.text for each in history.path_to(number))


def lines(history: History) -> dict[int, str]:
    """Each branch, by its number."""
    return {branch.number: " ".join(each.prompt.text for each in branch.turns) for branch in history.branches}


def valid(history: History) -> list[str]:
    """The valid lines, the current one first."""
    return [line(history, end) for end in history.line_ends]


def everything(history: History) -> str:
    return " ".join(each.prompt.text for each in history.all_turns)


# Appending


def test_a_new_history_is_empty() -> None:
    history = History()
    assert (history.head, history.path, history.turns) == (ROOT, (), ())
    assert (history.branches, history.line_ends) == ((), (ROOT,))
    assert (history.stale_turns, list(history.unique_turns())) == ((), [])


def test_turns_follow_each_other() -> None:
    history = History().append_turn(turn("a1")).append_turn(turn("b1"))
    assert history == History((turn("a1"), turn("b1")), (ROOT, 0), 1)
    assert (history.head, history.path, history.turns) == (1, (0, 1), (turn("a1"), turn("b1")))


def test_a_history_is_a_value() -> None:
    before = after("a1 b1")
    for step in ("c1", "b2", "+c1", "-1", "@1", "xa"):
        done(before, step)
    before.replace_last(turn("b2"))
    assert before == after("a1 b1")


def test_the_last_turn_can_be_replaced() -> None:
    history = after("a1 +b1 c1")
    assert history.replace_last(turn("c2")) == replace(
        history, all_turns=(*history.all_turns[:2], turn("c2"))
    )


# The line of a cell


@pytest.mark.parametrize(
    ("cell", "follows"),
    [("a", ""), ("b", "a1"), ("c", "a1 b1"), ("d", "a1 b1 c1"), ("e", "a1 b1 c1 d1"), ("", "a1 b1 c1 d1")],
)
def test_a_re_run_follows_the_same_turns(cell: str, follows: str) -> None:
    assert prompts_of(after("a1 b1 c1 d1").rewind_to_cell(cell)) == follows


def test_a_re_run_replaces_the_turn_and_keeps_the_old_line() -> None:
    history = after("a1 b1 c1 b2")
    assert (prompts_of(history), lines(history)) == ("a1 b2", {3: "a1 b1 c1", 4: "a1 b2"})
    assert everything(history) == "a1 b1 c1 b2"


def test_re_running_all_cells_in_order_restores_the_line() -> None:
    history = after("a1 b1 c1 a2 b2 c2")
    assert (prompts_of(history), lines(history)) == ("a2 b2 c2", {3: "a1 b1 c1", 6: "a2 b2 c2"})


def test_a_re_run_of_a_loop_replaces_all_its_turns() -> None:
    loop = after("a1 b1 &b2 &b3 c1")
    assert prompts_of(loop) == "a1 b1 b2 b3 c1"
    assert prompts_of(loop.rewind_to_cell("b")) == "a1"
    assert prompts_of(after("b4 &b5 c2", loop)) == "a1 b4 b5 c2"


def test_turns_without_a_cell_are_appended() -> None:
    assert prompts_of(after("?1 ?2 a1 ?3")) == "?1 ?2 a1 ?3"


def test_a_cell_whose_turn_was_undone_is_appended() -> None:
    history = after("a1 b1 c1 -2")
    assert prompts_of(history.rewind_to_cell("c")) == "a1"
    assert prompts_of(history.rewind_to_cell("a")) == ""
    assert prompts_of(after("c2", history)) == "a1 c2"


def test_a_cell_runs_on_the_branch_that_was_switched_to() -> None:
    history = after("a1 b1 c1 b2 c2 @3")
    assert prompts_of(history) == "a1 b1 c1"
    assert prompts_of(history.rewind_to_cell("b")) == "a1"
    assert prompts_of(after("c3", history)) == "a1 b1 c3"


@pytest.mark.parametrize(
    ("steps", "cell", "follows"),
    [
        ("a1 b1 +n1 c1", "a", ""),
        ("a1 b1 +n1 c1", "b", "a1"),
        ("a1 b1 +n1 c1", "c", "n1"),
        ("a1 b1 +n1 c1", "d", "n1 c1"),
        ("a1 b1 c1 b2 +n1", "c", "a1 b2"),
        ("a1 b1 c1 b2 @3 +n1", "c", "a1 b2"),
        ("a1 b1 +n1 c1 +m1 d1", "c", "n1"),
        ("a1 b1 +n1 c1 -9", "b", ""),
        ("a1 ?1 b1 +n1", "b", "a1 ?1"),
    ],
)
def test_a_cell_returns_to_the_line_of_its_turn(steps: str, cell: str, follows: str) -> None:
    assert prompts_of(after(steps).rewind_to_cell(cell)) == follows


@pytest.mark.parametrize(
    ("steps", "cell", "follows"),
    [
        ("a1 b1 +b2", "b", "a1"),
        ("a1 b1 +b2 c1", "b", "a1"),
        ("a1 b1 +n1 c1", "n", "a1 b1"),
        ("a1 b1 +n1 &n2 c1", "n", "a1 b1"),
        ("a1 +n1 +m1", "n", "m1"),
        ("+n1 b1", "n", ""),
        ("+n1 +n2", "n", ""),
    ],
)
def test_a_cell_that_lost_its_new_does_not_follow_itself(steps: str, cell: str, follows: str) -> None:
    assert prompts_of(after(steps).rewind_to_cell(cell)) == follows


# Undo and switch


@pytest.mark.parametrize(("count", "left"), [(0, "a1 b1 c1"), (1, "a1 b1"), (2, "a1"), (3, ""), (99, "")])
def test_the_last_turns_can_be_undone(count: int, left: str) -> None:
    history = after("a1 b1 c1").drop_last(count)
    assert (prompts_of(history), everything(history)) == (left, "a1 b1 c1")


def test_undone_turns_stay_as_a_branch() -> None:
    history = after("a1 b1 c1 -2")
    assert lines(history) == {1: "a1", 3: "a1 b1 c1"}
    assert lines(after("d1", history)) == {3: "a1 b1 c1", 4: "a1 d1"}


def test_a_re_run_of_a_cell_whose_first_turn_was_undone_stays_on_the_current_line() -> None:
    history = after("a1 -1 b1")
    assert prompts_of(history.rewind_to_cell("a")) == "b1"
    assert prompts_of(after("a2 c1", history)) == "b1 a2 c1"
    assert prompts_of(after("a1 b1 a2 -1 c1").rewind_to_cell("b")) == "c1"


def test_a_cell_that_lost_its_new_does_not_follow_a_line_that_was_undone() -> None:
    assert prompts_of(after("a1 -1 +b1").rewind_to_cell("b")) == ""
    assert prompts_of(after("a1 +b1").rewind_to_cell("b")) == "a1"


def test_a_cell_returns_to_a_line_that_was_undone_and_switched_to() -> None:
    history = after("a1 b1 -2 c1 @2")
    assert (prompts_of(history), prompts_of(history.rewind_to_cell("b"))) == ("a1 b1", "a1")
    assert not any(each.is_undone for each in history.turns)


@given(st.lists(st.sampled_from(["a1", "b1", "c1", "&d1", "-1", "-2", "-9"]), max_size=12))
def test_without_new_and_switch_only_the_current_line_is_in_use(steps: list[str]) -> None:
    history = after(" ".join(steps))
    assert history.line_ends == (history.head,)
    for cell in "abcd":
        assert set(history.rewind_to_cell(cell).path) <= set(history.path)


def test_only_the_current_line_is_undone() -> None:
    assert valid(after("a1 b1 +n1 c1 d1 -1")) == ["n1 c1", "a1 b1"]


def test_any_turn_can_be_continued() -> None:
    history = after("a1 b1 c1")
    assert [prompts_of(history.move_to(number)) for number in range(3)] == ["a1", "a1 b1", "a1 b1 c1"]
    assert lines(after("@2 d1", history)) == {3: "a1 b1 c1", 4: "a1 b1 d1"}


def test_switching_to_a_turn_continues_its_line_and_leaves_the_others() -> None:
    assert valid(after("a1 b1 +n1 c1 @2 d1")) == ["a1 b1 d1", "n1 c1"]


# Branches from the root


def test_a_branch_from_the_root_follows_no_turn_and_leaves_the_other_line() -> None:
    history = after("a1 b1 +n1 c1")
    assert (prompts_of(history), valid(history)) == ("n1 c1", ["n1 c1", "a1 b1"])
    assert lines(history) == {2: "a1 b1", 4: "n1 c1"}


def test_a_cell_with_new_that_runs_again_keeps_its_old_branch() -> None:
    history = after("+n1 b1 +n2")
    assert (valid(history), lines(history)) == (["n2"], {2: "n1 b1", 3: "n2"})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("", [""]),
        ("a1 b1 c1 b2", ["a1 b2"]),
        ("a1 b1 c1 +c2", ["c2", "a1 b1"]),
        ("a1 b1 +n1 c1 a2", ["a2", "n1 c1"]),
        ("a1 b1 +n1 c1 a2 b2", ["a2 b2", "n1 c1"]),
        ("a1 b1 +n1 +b2", ["b2", "n1", "a1"]),
        ("a1 b1 +n1 m1 -1 @1", ["a1", "n1 m1"]),
        ("a1 b1 -9", [""]),
        ("a1 b1 -9 @2", ["a1 b1"]),
        ("a1 b1 +n1 -1", ["", "a1 b1"]),
        ("a1 b1 +n1 &b2 +n2", ["n2", "a1"]),
        ("?1 ?2 +n1 a1", ["n1 a1"]),
    ],
)
def test_a_line_is_valid_up_to_the_first_cell_of_a_newer_one(steps: str, expected: list[str]) -> None:
    assert valid(after(steps)) == expected


def test_a_branch_is_a_value() -> None:
    assert after("a1 b1 -1").branches == (
        Branch(1, (turn("a1"),), is_current=True),
        Branch(2, (turn("a1"), turn("b1")), is_current=False),
    )


Cell = tuple[str, str, int]
"""A cell of a notebook: its name, `+` for `--new`, and how many prompts it sends."""


def run(history: History, cell: Cell, run_number: str) -> tuple[History, list[str]]:
    """Run a cell, and return the cells that each of its prompts followed."""
    name, new, times = cell
    follows = []
    for time in range(times):
        place = (
            history.move_to(ROOT) if new and not time else history if time else history.rewind_to_cell(name)
        )
        follows.append("".join(each.cell for each in place.turns))
        history = place.append_turn(replace(turn(name + run_number), opens_branch=bool(new and not time)))
    return history, follows


def run_all(history: History, cells: list[Cell], run_number: str) -> tuple[History, dict[str, list[str]]]:
    follows = {}
    for cell in cells:
        history, follows[cell[0]] = run(history, cell, run_number)
    return history, follows


def test_run_all_gives_each_cell_the_same_turns_again() -> None:
    cells = [("a", "", 1), ("b", "", 2), ("n", "+", 1), ("c", "", 1), ("d", "", 1)]
    once, follows = run_all(History(), cells, "1")
    assert follows == {"a": [""], "b": ["a", "ab"], "n": [""], "c": ["n"], "d": ["nc"]}
    twice, repeated = run_all(once, cells, "2")
    assert repeated == follows
    assert valid(twice) == ["n2 c2 d2", "a2 b2 b2"]
    assert lines(twice) == {3: "a1 b1 b1", 6: "n1 c1 d1", 9: "a2 b2 b2", 12: "n2 c2 d2"}


notebooks = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "", "+"]), st.integers(1, 3)),
    min_size=1,
    max_size=6,
    unique_by=lambda cell: cell[0],
)


@given(notebooks, st.lists(st.integers(0, 5), max_size=6), st.sets(st.sampled_from("abcdefgh"), max_size=2))
def test_run_all_restores_the_lines_after_any_re_runs_and_deletions(
    cells: list[Cell], between: list[int], deleted: set[str]
) -> None:
    history, follows = run_all(History(), cells, "1")
    for number in between:
        history, _ = run(history, cells[number % len(cells)], "2")
    history, repeated = run_all(history, cells, "3")
    assert repeated == follows
    deleted_cells = deleted - {
        name for name, new, _ in cells if new
    }  # as other cells belong to their branches
    left = [cell for cell in cells if cell[0] not in deleted_cells]
    _, repeated = run_all(history.remove_cells(deleted_cells), left, "4")
    assert repeated == run_all(History(), left, "1")[1]


# Deleted cells


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ("a1 b1 c1 xa", "b1 c1"),
        ("a1 b1 c1 xb", "a1 c1"),
        ("a1 b1 c1 xc", "a1 b1"),
        ("a1 b1 c1 xac", "b1"),
        ("a1 b1 c1 xabc", ""),
        ("a1 b1 &b2 &b3 c1 xb", "a1 c1"),
        ("a1 ?1 b1 ?2 xb", "a1 ?1 ?2"),
        ("a1 b1 c1 b2 c2 xb", "a1 c2"),
    ],
    ids=str,
)
def test_turns_of_deleted_cells_leave_the_line(steps: str, left: str) -> None:
    assert prompts_of(after(steps)) == left


def test_turns_after_a_deleted_cell_are_added_again_without_it() -> None:
    history = after("a1 b1 c1 d1 xb")
    assert lines(history) == {4: "a1 b1 c1 d1", 6: "a1 c1 d1"}
    assert everything(history) == "a1 b1 c1 d1 c1 d1"
    assert history.all_turns[4:] == history.all_turns[2:4]


def test_a_deletion_at_the_end_of_the_line_adds_no_turn() -> None:
    history = after("a1 b1 c1 xc")
    assert everything(history) == "a1 b1 c1"
    assert lines(history) == {2: "a1 b1", 3: "a1 b1 c1"}


def test_turns_of_deleted_cells_have_no_cell() -> None:
    history = after("a1 b1 c1 xb")
    assert [each.cell for each in history.all_turns] == ["a", "", "c", "c"]
    assert prompts_of(after("b2", history)) == "a1 c1 b2"


def test_cells_are_deleted_in_every_valid_line() -> None:
    assert valid(after("a1 b1 c1 +n1 d1 &b2 e1 xb")) == ["n1 d1 e1", "a1 c1"]
    assert valid(after("a1 b1 c1 +n1 d1 xbd")) == ["n1", "a1 c1"]
    assert valid(after("a1 b1 c1 +n1 xc")) == ["n1", "a1 b1"]
    assert valid(after("a1 +n1 xn")) == ["", "a1"]


def test_replaced_lines_keep_the_turns_of_deleted_cells() -> None:
    history = after("a1 b1 c1 a2 xb")
    assert lines(history) == {3: "a1 b1 c1", 4: "a2"}


@pytest.mark.parametrize("cells", [set(), {"z"}, {""}])
def test_deleting_a_cell_without_a_turn_changes_nothing(cells: set[str]) -> None:
    history = after("a1 ?1 b1 +n1")
    assert history.remove_cells(cells) == history


def test_a_cell_after_a_deleted_one_keeps_its_place() -> None:
    history = after("a1 b1 c1 d1 xb")
    assert prompts_of(history.rewind_to_cell("c")) == "a1"
    assert prompts_of(after("c2 d2", history)) == "a1 c2 d2"


def restored(steps: str, cell: str, then: str = "") -> History:
    """The history of some steps, the last of which deleted a cell, and of other ones before the cell is back."""
    before = after(steps)
    removed = before.remove_cells({cell})
    return after(then, removed).restore_cell(cell, before.turns, was_current=True)


@pytest.mark.parametrize(
    ("steps", "cell", "then", "line"),
    [
        ("a1 b1 c1", "a", "", "a1 b1 c1"),
        ("a1 b1 c1", "a", "d1", "a1 b1 c1 d1"),
        ("a1 b1 c1", "b", "d1", "a1 b1 c1 d1"),
        ("a1 b1 c1", "c", "d1", "a1 b1 c1 d1"),
        ("a1", "a", "", "a1"),
        ("a1", "a", "d1", "a1 d1"),
        ("a1 b1 &b2 &b3 c1", "b", "d1", "a1 b1 b2 b3 c1 d1"),
        ("a1 b1 c1", "b", "a2", "a2 b1"),
        ("a1 b1 c1", "b", "c2", "a1 b1 c2"),
        ("a1 b1 c1", "b", "-1", "a1 b1"),
        ("a1 b1 c1", "b", "-2 d1", "b1 d1"),
        ("a1 b1 c1", "b", "@3", "a1 b1 c1"),
        ("a1 ?1 b1 ?2", "b", "?3", "a1 ?1 b1 ?2 ?3"),
        ("a1 b1 c1", "a", "xc d1", "a1 b1 d1"),
        ("+n1 &a1 b1", "a", "d1", "n1 a1 b1 d1"),
    ],
)
def test_a_restored_cell_has_its_old_place(steps: str, cell: str, then: str, line: str) -> None:
    history = restored(steps, cell, then)
    assert prompts_of(history) == line
    number = line.split().index(next(each for each in line.split() if each[0] == cell))
    assert prompts_of(history.rewind_to_cell(cell)) == " ".join(line.split()[:number])
    assert everything(history).split()[: len(steps.split())] == everything(after(steps)).split()


def test_cells_that_are_restored_one_by_one_keep_their_order() -> None:
    before = after("a1 b1 c1")
    history = after("d1", before.remove_cells({"a", "b"}))
    first = after("a2", history.restore_cell("a", before.turns, was_current=True))
    second = after("b2", first.restore_cell("b", before.turns, was_current=True))
    assert (prompts_of(first), prompts_of(second)) == ("a2", "a2 b2")


def test_restoring_a_cell_of_another_line_keeps_the_current_line() -> None:
    before = after("a1 b1 +n1 c1")
    for deleted in ("a", "b", "ab"):
        history = before.remove_cells(set(deleted))
        for cell in deleted:
            history = history.restore_cell(cell, before.line_to(1), was_current=False)
        assert valid(history) == ["n1 c1", "a1 b1"]


@given(notebooks, st.data())
def test_deleting_and_restoring_a_cell_restores_all_lines(cells: list[Cell], data: st.DataObject) -> None:
    history, follows = run_all(History(), cells, "1")
    deleted = data.draw(st.sampled_from([name for name, _, _ in cells]))
    removed = history.remove_cells({deleted})
    for end in history.line_ends:
        before = history.line_to(end)
        if any(each.cell == deleted for each in before):
            removed = removed.restore_cell(deleted, before, was_current=end == history.head)
    assert sorted(valid(removed)) == sorted(valid(history))
    assert run_all(removed, cells, "2")[1] == follows


# Cached replies


def test_a_turn_that_is_at_this_place_already_is_restored() -> None:
    history = after("a1 b1 c1 b2")
    repeated = history.rewind_to_cell("b").append_or_restore(turn("b1"))
    assert (prompts_of(repeated), lines(repeated)) == ("a1 b1", {2: "a1 b1", 3: "a1 b1 c1", 4: "a1 b2"})
    assert everything(repeated) == everything(history)


def test_a_restored_turn_has_its_new_values() -> None:
    history, newer = after("a1 b1 -1"), replace(turn("b1"), digest="newer")
    repeated = history.append_or_restore(newer)
    assert repeated.turns == (turn("a1"), newer)
    assert everything(repeated) == "a1 b1"


def test_a_reply_that_another_cell_reuses_is_a_turn_of_its_own() -> None:
    history, sent_elsewhere = after("a1 b1 -1"), replace(turn("b1"), cell="z")
    repeated = history.append_or_restore(sent_elsewhere)
    assert lines(repeated) == {2: "a1 b1", 3: "a1 b1"}
    assert [each.cell for each in repeated.all_turns] == ["a", "b", "z"]


def test_a_restored_turn_keeps_its_usage() -> None:
    history = History().append_turn(replace(turn("a1"), usage=Usage(20, 10)))
    repeated = history.rewind_to_cell("a").append_or_restore(turn("a1"))
    assert [each.usage for each in repeated.unique_turns()] == [Usage(20, 10)]


def test_a_turn_of_another_place_is_added() -> None:
    history = after("a1 b1 a2")
    repeated = history.append_or_restore(turn("b1"))
    assert (prompts_of(repeated), lines(repeated)) == ("a2 b1", {2: "a1 b1", 4: "a2 b1"})


def test_the_first_turn_of_a_line_can_be_restored() -> None:
    repeated = after("a1 b1").move_to(ROOT).append_or_restore(turn("a1"))
    assert (prompts_of(repeated), lines(repeated)) == ("a1", {1: "a1", 2: "a1 b1"})


def test_a_new_turn_is_added() -> None:
    assert after("a1").append_or_restore(turn("b1")) == after("a1 b1")


def test_re_running_cells_with_cached_replies_changes_nothing() -> None:
    history = after("a1 b1 c1")
    for name in ("a1", "b1", "c1"):
        history = history.rewind_to_cell(name[0]).append_or_restore(turn(name))
    assert history == after("a1 b1 c1")


# Older histories


def test_an_older_history_becomes_branches() -> None:
    history = after("a2 b2").merge_older(after("a1 b1 c1"))
    assert (prompts_of(history), lines(history)) == ("a2 b2", {3: "a1 b1 c1", 5: "a2 b2"})
    assert prompts_of(after("b3", history)) == "a2 b3"


def test_the_current_line_stays_when_an_older_history_comes_before_it() -> None:
    assert valid(after("a2 +n2 @1").merge_older(after("a1 +m1"))) == ["a2", "n2", "m1"]
    assert prompts_of(after("a2 -1").merge_older(after("a1"))) == ""


def test_a_turn_of_both_histories_is_there_once() -> None:
    history = after("a1 c1 d1").merge_older(after("a1 b1"))
    assert (prompts_of(history), lines(history)) == ("a1 c1 d1", {2: "a1 b1", 4: "a1 c1 d1"})
    assert everything(history) == "a1 b1 c1 d1"


def test_a_turn_of_both_histories_has_its_newer_values() -> None:
    cut = replace(turn("a1"), reply=Reply(Message("assistant", (TextPart("Ans"),)), stop="cut"))
    assert after("a1").merge_older(History().append_turn(cut)) == after("a1")


def test_a_turn_of_both_histories_keeps_its_usage() -> None:
    used = History().append_turn(replace(turn("a1"), usage=Usage(20, 10)))
    assert after("a1").merge_older(used) == used


def test_a_reply_that_two_cells_reused_is_in_both_lines() -> None:
    reused = replace(turn("a1"), cell="n", opens_branch=True)
    history = History().append_turn(reused).merge_older(after("a1"))
    assert [(each.prompt.text, each.cell) for each in history.all_turns] == [("a1", "a"), ("a1", "n")]
    assert history.merge_older(history) == history


def test_merging_the_same_history_twice_changes_nothing() -> None:
    older = after("a1 b1")
    once = after("c1").merge_older(older)
    assert once.merge_older(older) == once
    assert once.merge_older(History()) == once


def test_an_empty_history_gets_the_older_turns_as_branches() -> None:
    history = History().merge_older(after("a1 b1"))
    assert (prompts_of(history), lines(history)) == ("", {2: "a1 b1"})


# Branches and stale turns


def test_branches_are_the_lines_that_end_and_the_current_one() -> None:
    history = after("a1 b1 c1 b2 +n1 m1 -1 @1")
    assert lines(history) == {1: "a1", 3: "a1 b1 c1", 4: "a1 b2", 6: "n1 m1"}


@pytest.mark.parametrize(
    ("steps", "stale"),
    [
        ("a1 b1 c1", ""),
        ("a1 b1 c1 b2", "c1"),
        ("a1 b1 c1 a2", "b1 c1"),
        ("a1 b1 c1 b2 c2", ""),
        ("a1 b1 c1 -1", "c1"),
        ("a1 b1 c1 -2 d1", "b1 c1"),
        ("a1 b1 c1 b2 @3", "b2"),
        ("a1 b1 &b2 c1 -1", "c1"),
        ("a1 b1 &b2 c1 -2", "b2 c1"),
        ("a1 b1 +n1 c1", ""),
        ("a1 b1 +n1 c1 +n2", "c1"),
        ("a1 ?1 -1", ""),
        ("a1 b1 c1 xb", ""),
        ("a1 b1 c1 -1 xc", ""),
    ],
    ids=str,
)
def test_a_stale_turn_is_shown_by_a_cell_but_in_no_valid_line(steps: str, stale: str) -> None:
    history = after(steps)
    assert " ".join(history.all_turns[number].prompt.text for number in history.stale_turns) == stale


def test_a_turn_in_several_branches_is_unique() -> None:
    history = after("a1 b1 c1 xa")
    assert everything(history) == "a1 b1 c1 b1 c1"
    assert [each.prompt.text for each in history.unique_turns()] == ["a1", "b1", "c1"]


def test_turns_without_an_id_are_all_unique() -> None:
    nameless = replace(turn("a1"), id="")
    assert list(History().append_turn(nameless).append_turn(nameless).unique_turns()) == [nameless, nameless]
