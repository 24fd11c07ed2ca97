"""The variables of the user in a shell, and its history."""

from support.kernel import Kernel
from support.peer import Peer


def test_the_names_that_ipython_adds_are_not_variables_of_the_user(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config unresolved=ignore")
    assert kernel.run("%%mimo --no-history\n{open} {exit} {get_ipython}").documents == [
        "You said: {open} {exit} {get_ipython}"
    ]
    kernel.run("open = 'mine'")
    assert kernel.run("%%mimo --no-history\n{open} {_}").documents == [
        "You said: mine You said: {open} {exit} {get_ipython}"
    ]
    kernel.run("del open")
    kernel.run("%mimo_config unresolved=default")


def test_a_prompt_may_refer_to_inputs_outputs_and_the_last_error(kernel: Kernel, peer: Peer) -> None:
    kernel.run("number = len(In)\nprint('inputs')")
    kernel.run("{'x': 6 * 7}")
    kernel.run("print(len(In) - 1)")
    number = int(kernel.run("print(len(In) - 3)").text)
    for magic in ("%%mimo --no-history\n", "%mimo --no-history "):
        references = f"{{In[{number}]}} {{Out[{number}]['x']}} {{_{number}}}"
        kernel.run("0; None")
        assert kernel.run(magic + references).documents == ["You said: {'x': 6 * 7} 42 {\"x\": 42}"]


def test_err_is_the_last_error_with_its_traceback(kernel: Kernel, peer: Peer) -> None:
    kernel.run("def halve(total):\n    return total / 0\nhalve(1)")
    (document,) = kernel.run("%%mimo --no-history\n{Err}").documents
    assert document == (
        "You said: Traceback (most recent call last):\n"
        "  In a cell, line 3, in <module>\n    halve(1)\n"
        "  In a cell, line 2, in halve\n    return total / 0\n           ~~~~~~^~~\n"
        "ZeroDivisionError: division by zero"
    )
    assert kernel.run("%mimo_config temperature=warm").status == "error"
    assert kernel.run("%%mimo --no-history\n{Err}").documents == [document]
    kernel.run("Err = 'mine'")
    assert kernel.run("%%mimo --no-history\n{Err}").documents == ["You said: mine"]
    kernel.run("del Err")


def test_err_of_a_syntax_error_has_its_place(kernel: Kernel, peer: Peer) -> None:
    kernel.run("x = 1\ndef f(:\n    pass")
    (document,) = kernel.run("%%mimo --no-history\n{Err}").documents
    assert document.startswith("You said:   In a cell, line 2\n    def f(:\n")
    assert document.endswith("SyntaxError: invalid syntax")
