"""The variables of the user in a shell, and the history of the shell that a prompt may refer to."""

from __future__ import annotations

import re
from typing import Any

from mimo_magics.notebook.kernel.last_error import find_last_error

HISTORY_NAME_PATTERN = re.compile(r"In|Out|_{1,3}|_\d+|_i{1,3}|_i\d+")
"""Names of IPython for the inputs and outputs of cells."""
LAST_ERROR_NAME = "Err"


def get_user_variables(shell: Any) -> dict[str, Any]:
    """Return the variables of the user, without those that IPython adds, except for `_`."""
    namespace = shell.user_ns
    hidden = {name: value for name, value in shell.user_ns_hidden.items() if name != "_"}
    return {
        name: value for name, value in namespace.items() if name not in hidden or hidden[name] is not value
    }


def get_prompt_variables(shell: Any) -> dict[str, Any]:
    """Return the variables for a prompt: those of the user, `In`, `Out`, `_2` and the like, and `Err`.

    `Err` is the last error with its traceback, if there was one. A variable of the user with that name comes first.
    """
    history = {name: value for name, value in shell.user_ns.items() if HISTORY_NAME_PATTERN.fullmatch(name)}
    error = find_last_error(shell)
    return {**({} if error is None else {LAST_ERROR_NAME: error}), **history, **get_user_variables(shell)}
