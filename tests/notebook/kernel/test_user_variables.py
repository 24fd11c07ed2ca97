"""The variables of the user in a shell."""

from support.kernel import Kernel
from support.peer import Peer


def test_the_names_that_ipython_adds_are_not_variables_of_the_user(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%%mimo --no-history\n{open} {exit} {In} {get_ipython}").documents == [
        "You said: {open} {exit} {In} {get_ipython}"
    ]
    kernel.run("open = 'mine'")
    assert kernel.run("%%mimo --no-history\n{open} {_}").documents == [
        "You said: mine You said: {open} {exit} {In} {get_ipython}"
    ]
    kernel.run("del open")
