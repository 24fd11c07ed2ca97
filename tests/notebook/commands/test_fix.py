"""`%mimo_fix` in a real kernel: the cause, the change, and the corrected cell below."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.kernel import Kernel
from support.paths import TESTS
from support.peer import KEY, Peer, Seen, reply, stream
from support.read_html import find_harm

CASES: list[dict[str, Any]] = tomllib.loads((TESTS / "data/fix/cases.toml").read_text(encoding="utf-8"))[
    "case"
]
SPAN_STYLE = {"span style": r"display:block;background:#[0-9a-f]{4}"}
DEFINITION = "def half(values):\n    return [value / 2 for value in vales]"
CALL = "half([2, 4])"
CORRECTED = "def half(values):\n    return [value / 2 for value in values]"


def propose(*replies: str) -> Any:
    """Return a script that sends these replies in turn."""
    texts = list(replies)
    return lambda seen: stream(seen, reply(texts.pop(0)))


def as_reply(cause: str, code: str) -> str:
    return f"{cause}\n\n```python\n{code}\n```\n"


def run_failing(kernel: Kernel, *cells: str) -> list[int]:
    """Run cells of which the last one fails, and return their numbers."""
    numbers = []
    for place, cell in enumerate(cells):
        ran = kernel.run(cell)
        assert ran.status == ("error" if place == len(cells) - 1 else "ok")
        numbers.append(ran.number)
    return numbers


def fix(kernel: Kernel, peer: Peer, line: str, *replies: str) -> Any:
    """Run a line against a server with these replies. The requests before it are forgotten."""
    peer.requests.clear()
    peer.script = propose(*replies)
    return kernel.run(line)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_failing_cell_gets_the_right_change_below(case: dict[str, Any], kernel: Kernel, peer: Peer) -> None:
    numbers = run_failing(kernel, *case["setup"], case["cell"])
    ran = fix(kernel, peer, "%mimo_fix", as_reply(case["cause"], case["code"]))
    place = -1 if case["corrects"] == "cell" else case["corrects"]
    name = f"cell [{numbers[place]}]"
    failed = numbers[-1]
    advice = (
        "The corrected cell is inserted. Nothing was run: read it, then run it."
        if place == -1
        else f"The corrected cell replaces what {name} defines. Nothing was run: read it, run it, then run cell "
        f"[{failed}] again."
    )
    diff = f"--- {name}\n+++ {name}, corrected\n{case['diff'].removeprefix(chr(10))}"
    assert ran.documents == [f"{case['cause'].strip()}\n\n{diff}\n\n{advice}"]
    assert ran.payload == [{"source": "set_next_input", "text": case["code"], "replace": False}]
    assert find_harm(ran.outputs[0]["data"]["text/html"], SPAN_STYLE) == []
    assert len(peer.requests) == 1


def test_the_prompt_has_the_error_the_cells_and_the_variables_but_no_folder(
    kernel: Kernel, peer: Peer
) -> None:
    define, call = run_failing(kernel, DEFINITION, CALL)
    fix(kernel, peer, "%mimo_fix", as_reply("A typo.", CORRECTED))
    assert (
        peer.requests[0].prompt
        == f"""\
A cell of a Jupyter notebook failed. Find the cause, and correct the code.

The error, with the newest call last:
NameError: name 'vales' is not defined
  cell [{call}], line 1: half([2, 4])
  cell [{define}], line 2, in half: return [value / 2 for value in vales]

Cell [{define}]:
```python
{DEFINITION}
```

Cell [{call}]:
```python
{CALL}
```

Variables where it failed:
values: [2, 4]

Reply in exactly this form:
1. The cause, in at most two sentences.
2. One Python code block with one corrected cell, complete and ready to run.

Correct the cell that contains the cause: the one that failed, or the one that defines a function it called. Repeat all
of that cell, and change as little as possible. Show no other code.
"""
    )


def test_a_shared_schema_sends_types_instead_of_messages_and_values(kernel: Kernel, peer: Peer) -> None:
    cells = (
        "rows = [{'name': 'canary-1'}]\nword = 'canary-' + '2'",
        "raise ValueError(word, rows[0]['name'])",
    )
    run_failing(kernel, *cells)
    fix(kernel, peer, "%mimo_fix --share schema", as_reply("?", "pass"))
    prompt = peer.requests[0].prompt
    assert "canary-2" not in prompt
    assert "canary-1" not in prompt
    assert "ValueError\n  cell [" in prompt
    assert "rows: list of 1 item: dict with 1 item, str: str\nValues are not shared.\n" in prompt


def test_code_that_is_not_valid_is_requested_once_more(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    broken = CORRECTED.replace("):", ")")
    ran = fix(kernel, peer, "%mimo_fix", as_reply("A typo.", broken), as_reply("A typo.", CORRECTED))
    assert ran.payload[0]["text"] == CORRECTED
    assert len(peer.requests) == 2
    assert "It is not valid Python: SyntaxError: expected ':' (line 1)." in peer.requests[1].prompt
    assert "The first proposal was not valid Python" in ran.documents[-1]


def test_code_that_stays_invalid_is_shown_but_not_inserted(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    broken = as_reply("A typo.", CORRECTED.replace("):", ")"))
    ran = fix(kernel, peer, "%mimo_fix", broken, broken)
    assert ran.payload == []
    assert len(peer.requests) == 2
    assert ran.documents[-1].endswith(
        "The proposed code is not valid Python, so it was not inserted: SyntaxError: expected ':' (line 1)"
    )


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        (
            "I do not know.",
            "The reply contains no code. %%mimo_fix with a sentence below says more to the model.",
        ),
        (as_reply("It is fine.", CALL), "The model proposes no change."),
    ],
    ids=["no code", "no change"],
)
def test_without_a_change_nothing_is_inserted(kernel: Kernel, peer: Peer, text: str, notice: str) -> None:
    run_failing(kernel, DEFINITION, CALL)
    ran = fix(kernel, peer, "%mimo_fix", text)
    assert ran.payload == []
    assert ran.documents[-1].endswith(notice)


def test_replace_turns_the_cell_of_the_magic_into_the_code(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    ran = fix(kernel, peer, "%mimo_fix --replace", as_reply("A typo.", CORRECTED))
    assert ran.payload == [{"source": "set_next_input", "text": CORRECTED, "replace": True}]


def test_a_wish_below_the_cell_magic_is_sent(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    fix(kernel, peer, "%%mimo_fix\nUse a generator.\n", as_reply("A typo.", CORRECTED))
    assert "The user wants: Use a generator.\n\nReply in exactly" in peer.requests[0].prompt


def test_an_earlier_cell_is_corrected_by_its_number(kernel: Kernel, peer: Peer) -> None:
    define, call = run_failing(kernel, DEFINITION, CALL)
    run_failing(kernel, "1 / 0")
    ran = fix(kernel, peer, f"%mimo_fix {call}", as_reply("A typo.", CORRECTED))
    prompt = peer.requests[0].prompt
    assert "NameError: name 'vales' is not defined" in prompt
    assert "ZeroDivisionError" not in prompt
    assert ran.documents[0].startswith(f"A typo.\n\n--- cell [{define}]\n")


def test_an_error_of_this_package_does_not_replace_the_last_error(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    kernel.run("%mimo_config temperature=nonsense")
    ran = fix(kernel, peer, "%mimo_fix", as_reply("A typo.", CORRECTED))
    assert ran.payload[0]["text"] == CORRECTED


def test_the_prompt_adds_no_turn_but_its_usage_counts(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    fix(kernel, peer, "%mimo_fix", as_reply("A typo.", CORRECTED))
    peer.requests.clear()
    assert "30" in kernel.run("%mimo_usage").documents[-1]
    kernel.run("%mimo Hello")
    assert len(peer.requests[0].body["messages"]) == 1


def test_a_dry_run_shows_the_request_and_sends_nothing(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    ran = fix(kernel, peer, "%mimo_fix --dry-run")
    assert peer.requests == []
    assert "NameError: name 'vales' is not defined" in ran.documents[-1]
    assert ran.payload == []


def test_the_value_of_the_cell_has_the_cause_the_code_and_the_difference(kernel: Kernel, peer: Peer) -> None:
    define, _ = run_failing(kernel, DEFINITION, CALL)
    fix(kernel, peer, "%mimo_fix -o proposal", as_reply("A typo.", CORRECTED))
    ran = kernel.run("print((proposal.cause, proposal.code, proposal.cell))\nprint(proposal.diff)")
    assert ran.text == (
        f"{('A typo.', CORRECTED, define)}\n--- cell [{define}]\n+++ cell [{define}], corrected\n@@ -1,2 +1,2 @@\n"
        " def half(values):\n-    return [value / 2 for value in vales]\n+    return [value / 2 for value in values]\n"
    )


def test_a_file_of_the_user_replaces_the_prompt(kernel: Kernel, peer: Peer) -> None:
    kernel.run(
        "from pathlib import Path\n_ = Path('mine.md').write_text('Correct this:\\n{error}\\n{cells}')"
    )
    kernel.run("%mimo_config fix_prompt=mine.md")
    run_failing(kernel, CALL.replace("half", "unknown"))
    fix(kernel, peer, "%mimo_fix", as_reply("?", "pass"))
    assert peer.requests[0].prompt.startswith("Correct this:\nNameError: name 'unknown' is not defined\n")


def test_hostile_text_of_a_reply_is_shown_as_text(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    hostile = "<img src=x onerror=alert(1)> \x1b[31m\u202e"
    ran = fix(kernel, peer, "%mimo_fix", as_reply(hostile, f"{CORRECTED}\n# </pre><script>1</script>\u202e"))
    html = ran.outputs[0]["data"]["text/html"]
    assert find_harm(html, SPAN_STYLE) == []
    assert "<script" not in html
    assert "\u202e" not in html


def test_a_stopped_connection_leaves_the_partial_reply_and_inserts_nothing(
    kernel: Kernel, peer: Peer
) -> None:
    run_failing(kernel, DEFINITION, CALL)
    peer.requests.clear()
    peer.script = _cut
    ran = kernel.run("%mimo_fix")
    assert ran.status == "error"
    assert ran.payload == []


def _cut(seen: Seen) -> Any:
    from support.peer import CUT, Answer, frames

    return Answer([*frames(seen, ["A ", "typo"], end=False), CUT])


def test_the_kernel_explains_what_cannot_be_corrected(kernel: Kernel, peer: Peer) -> None:
    (number,) = run_failing(kernel, "1 / 0")
    assert kernel.run("ok = 1").status == "ok"
    assert kernel.run(f"%mimo_fix {number + 1}").error == [
        f"BadOption: Cell [{number + 1}] did not fail.",
        "Write what you want below %%mimo_fix, or send the cell with --context.",
    ]
    assert kernel.run("%mimo_fix 9999").error[0] == "BadOption: There is no cell [9999]."
    assert peer.requests == []


ODD_FAILURES = {
    "a group": (
        "async def one(n):\n    return [1][n]\nimport asyncio\nasync with asyncio.TaskGroup() as group:\n"
        "    group.create_task(one(5))",
        ["IndexError: list index out of range\n  cell [{0}], line 2, in one: return [1][n]", "\nn: 5\n"],
    ),
    "a cycle of causes": (
        "a, b = ValueError('a'), KeyError('b')\na.__cause__, b.__cause__ = b, a\nraise a",
        ["KeyError: 'b'\n\nValueError: a\n  cell [{0}], line 3: raise a\n", "\na: ValueError: a\n"],
    ),
    "%%capture": (
        "%%capture out\nprice = 0\n1 / price",
        ["ZeroDivisionError: division by zero\n  cell [{0}], line 2: 1 / price", "%%capture out\n"],
    ),
    "an exit": ("import sys\nsys.exit('no file')", ["SystemExit: no file\n  cell [{0}], line 2"]),
    "an interrupt": ("raise KeyboardInterrupt", ["KeyboardInterrupt\n  cell [{0}], line 1"]),
    "a script": (
        "%run mended.py",
        ["  mended.py, line 3, in half: return value / 0", "File mended.py, lines 1-4:\n", "%run mended.py"],
    ),
}


@pytest.mark.parametrize("name", ODD_FAILURES)
def test_the_cell_of_an_odd_failure_is_found(name: str, kernel: Kernel, peer: Peer) -> None:
    kernel.run(
        "from pathlib import Path\n"
        "_ = Path('mended.py').write_text('\\ndef half(value):\\n    return value / 0\\nhalf(1)')"
    )
    cell, expected = ODD_FAILURES[name]
    number = kernel.run(cell).number
    fix(kernel, peer, "%mimo_fix", as_reply("?", "pass"))
    prompt = peer.requests[0].prompt
    assert [text for each in expected if (text := each.format(number)) not in prompt] == []
    assert f"\nCell [{number}]:\n" in prompt


def test_a_tape_replays_a_correction_in_another_kernel(server: Peer, peer: Peer, tmp_path: Path) -> None:
    documents = []
    for mode in ("record", "replay"):
        peer.requests.clear()
        with Kernel(
            tmp_path, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{server.url}/v1", MIMO_SYSTEM="none"
        ) as kernel:
            kernel.run(f"%load_ext mimo_magics\n%mimo_tape {mode} fix.tape")
            run_failing(kernel, DEFINITION, CALL)
            documents.append(fix(kernel, peer, "%mimo_fix", as_reply("A typo.", CORRECTED)).documents)
    assert (documents[0], peer.requests) == (documents[1], [])


def test_an_unattended_run_shows_the_correction(kernel: Kernel, peer: Peer) -> None:
    run_failing(kernel, DEFINITION, CALL)
    peer.script = propose(as_reply("A typo.", CORRECTED))
    assert kernel.run("%mimo_fix", watched=False).documents[-1].startswith("A typo.\n\n--- cell [")
