"""`%%mimo_check` in a real kernel: the calls, the document, the value, the cost, and Stop."""

from __future__ import annotations

import pytest
from support.cells import CELL_ATTRIBUTES
from support.checks import CASES, LABELS, classifier, count_judged
from support.compared_cells import output_html
from support.hostile import HOSTILE
from support.kernel import Kernel
from support.peer import SILENCE, Answer, Peer, Seen, error, frames
from support.read_html import ParsedHtml, find_harm, find_unexpected, reparse_html

DEFINE = (
    "from mimo_magics.prompts.prompt_function import PromptFunction\n"
    "classify = PromptFunction('classify', 'Is this praise or a complaint? {text}', system='none')\n"
    f"cases = {CASES!r}"
)
CHECK = "%%mimo_check classify --cases cases\nassert value == case['label']"


@pytest.fixture(autouse=True)
def script(kernel: Kernel, peer: Peer) -> None:
    peer.script = classifier()
    assert kernel.run(DEFINE).status == "ok"


def document(kernel: Kernel, cell: str) -> str:
    """Run a cell, and return its document without its line about calls, tokens and time."""
    ran = kernel.run(cell)
    assert ran.error == []
    (text,) = ran.documents
    return "\n".join(line for line in text.splitlines() if " tokens · " not in line)


def test_the_failures_come_first(kernel: Kernel, peer: Peer) -> None:
    assert (
        document(kernel, CHECK)
        == """\
classify: 2 of 3 cases passed (67 %, 95 % interval 21–94 %)

check                          passed  rate  95 % interval
assert value == case['label']  2 of 3  67 %        21–94 %

case  result    input         value
   3  ✗ failed  Never again.  praise
   1  ✓ passed  Lovely!       praise
   2  ✓ passed  It broke.     complaint

Case 3, ✗ failed:
    assert value == case['label']
    value = 'praise'
    case['label'] = 'complaint'"""
    )
    assert len(peer.requests) == 3


def test_the_result_is_the_value_of_the_cell(kernel: Kernel) -> None:
    assert kernel.run(CHECK.replace("cases\n", "cases -o found\n", 1)).status == "ok"
    ran = kernel.run(
        "print(_ is found, found.rate.successes, found.rows[2].value, list(found.to_dataframe().case))"
    )
    assert ran.text == "True 2 praise [1, 2, 3]\n"
    assert output_html(kernel.run("found")).startswith("<div")


def test_run_cell_magic_waits_for_the_check(kernel: Kernel) -> None:
    call = (
        "x = get_ipython().run_cell_magic('mimo_check', 'classify --cases cases', 'assert value')\nprint(x)"
    )
    assert kernel.run(call).text == "<CheckResult of classify: 3 of 3 cases passed>\n"


def test_models_are_compared_on_the_same_cases(kernel: Kernel, peer: Peer) -> None:
    right = {case["text"]: case["label"] for case in CASES}
    peer.script = lambda seen: classifier(right if seen.body["model"] == "b" else LABELS)(seen)
    text = document(
        kernel,
        CHECK.replace("--cases", "-m a b --cases").replace(
            "classify -m a b --cases cases", "classify --cases cases -m a b"
        ),
    )
    assert text.splitlines()[:3] == [
        "classify · a: 2 of 3 cases passed (67 %, 95 % interval 21–94 %)",
        "classify · b: 3 of 3 cases passed (100 %, 95 % interval 44–100 %)",
        "a → b: cases that pass only with the first 0, only with the second 1; exact McNemar p = 1",
    ]


def test_a_case_is_repeated(kernel: Kernel, peer: Peer) -> None:
    text = document(kernel, CHECK.replace("cases\n", "cases --repeat 2\n", 1))
    assert len(peer.requests) == 6
    assert "classify: 2 of 3 cases passed" in text
    assert " 3.1  ✗ failed" in text
    assert text.endswith("A case passes if all its repetitions pass.")


def test_a_judge_is_shown_with_its_agreement(kernel: Kernel, peer: Peer) -> None:
    peer.script = classifier(meets=lambda seen: "praise" in seen.prompt)
    kernel.run("cases = [{**case, 'good': case['label'] == 'praise'} for case in cases]")
    cell = "%%mimo_check classify --cases cases --judge-model j\nassert judge('Is it good?', reply, label=case['good'])"
    assert "1 of 3" not in document(kernel, cell)
    assert {seen.body["model"] for seen in peer.requests if "Criterion" in seen.prompt} == {"j"}
    assert "agree on 2 of 3, kappa 0.40" in document(kernel, cell)


def test_a_judge_without_labels_is_not_verified(kernel: Kernel, peer: Peer) -> None:
    text = document(kernel, "%%mimo_check classify --cases cases\nassert judge('Is it good?', reply)")
    assert "assert judge('Is it good?', reply)  not verified" in text
    assert "A judge without labels is not verified and does not count." in text
    assert count_judged(peer) == 2


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("%%mimo_check\nassert 1", ["The name of a prompt function is missing.", "Usage: %%mimo_check classify --cases cases"]),
        ("%%mimo_check classify\nassert 1", ["The cases are missing.", "Usage: %%mimo_check classify --cases cases"]),
        ("%%mimo_check clasify --cases cases\nassert 1", ["'clasify' is not a prompt function.", "Did you mean classify?"]),
        ("%%mimo_check classify --cases case_list\nassert 1", ["There is no variable 'case_list'.", "Did you mean cases?"]),
        ("%%mimo_check classify --cases cases --repeat 0\nassert 1", ["Invalid value '0' for --repeat.", "Use a number of calls from 1."]),
        ("%%mimo_check classify --cases cases\nx = 1", ["A check is an assert statement, not x = 1.", "Write one to 50 assert statements over case, value and reply."]),
        ("%%mimo_check classify --cases wrong\nassert 1", ["Case 1 has no value for the slot 'text'.", "Its columns are: label."]),
    ],
)  # fmt: skip
def test_a_mistake_is_an_error_before_anything_is_sent(
    kernel: Kernel, peer: Peer, cell: str, lines: list[str]
) -> None:
    kernel.run("wrong = [{'label': 1}]")
    fact, *advice = kernel.run(cell).error
    assert [fact.removeprefix("BadOption: "), *advice] == lines
    assert peer.requests == []


PRICED = """%mimo_config prices='{"mimo-v2-pro": [1000, 1000, 1000]}'"""


def test_the_user_confirms_a_high_cost(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    ran, question = kernel.answer(CHECK + "\nassert judge('Good?', reply)", "n")
    assert question["prompt"].startswith("3 calls, about 12,")
    assert ran.error[0] == "BadOption: Cancelled. Nothing was sent."
    assert kernel.run(CHECK, watched=False).error[1] == "To allow it, raise the limit: --ask-above '5 USD'"
    assert peer.requests == []
    ran, _ = kernel.answer(CHECK, "y")
    assert (ran.status, len(peer.requests)) == ("ok", 3)
    kernel.run("%mimo_config --reset prices")


def test_an_interrupt_keeps_and_checks_what_arrived(kernel: Kernel, peer: Peer) -> None:
    script = classifier()

    def stall(seen: Seen) -> Answer:
        return (
            Answer([*frames(seen, ["pra"], end=False), SILENCE]) if "Never" in seen.prompt else script(seen)
        )

    peer.script = stall
    cell = CHECK.replace("cases\n", "cases --at-once 1 -o found\n", 1)
    ran = kernel.run(cell, when=lambda: len(peer.requests) == 3 and kernel.shows("2 of 3"))
    assert ran.error[0].startswith("Interrupted")
    assert "Replies received: 2." in "\n".join(ran.error)
    assert "classify: 2 of 2 cases passed" in ran.documents[0]
    assert ran.documents[0].endswith("1 call has no reply and is not counted.")
    assert kernel.run("print([row.failure for row in found.rows])").text == "['', '', 'Stopped']\n"


def test_when_all_calls_fail_the_cell_fails_in_two_lines(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda _: error(401, "Invalid API Key")
    ran = kernel.run(CHECK)
    assert (ran.error[0].partition(":")[0], len(ran.error), ran.documents) == ("InvalidApiKey", 2, [""])


def test_hostile_cases_and_replies_are_shown_as_text(kernel: Kernel, peer: Peer) -> None:
    hostile = [*HOSTILE.values(), "\u202eevil\x1b[2J", "a" * 10_000, "\ud800"]
    kernel.run(f"cases = [{{'text': text, 'label': text}} for text in {hostile!r}]")
    peer.script = classifier({"": "<script>ran.reply</script>\u202e" + "w" * 5_000})
    ran = kernel.run(f"{CHECK}, case['text']\nassert case[value]")
    assert ran.status == "ok"
    html = output_html(ran)
    assert find_unexpected(ParsedHtml(html).found, CELL_ATTRIBUTES) == []
    assert find_harm(reparse_html(html), CELL_ATTRIBUTES) == []
    assert not set(html + ran.documents[0]) & set("\u202e\x1b\0")
    assert len(html) < 3_000 * len(hostile)


def test_the_help_names_the_options(kernel: Kernel) -> None:
    text = kernel.help("%%mimo_check?")
    assert "%%mimo_check [NAME] [--cases NAME]" in text
    assert "judge() asks a model; it" in text
