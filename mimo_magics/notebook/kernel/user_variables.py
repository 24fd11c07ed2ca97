"""The variables of the user in a shell."""

from __future__ import annotations

from typing import Any


def get_user_variables(shell: Any) -> dict[str, Any]:
    """Return the variables of the user, without those that IPython adds, except for `_`."""
    namespace = shell.user_ns
    hidden = {name: value for name, value in shell.user_ns_hidden.items() if name != "_"}
    return {
        name: value for name, value in namespace.items() if name not in hidden or hidden[name] is not value
    }
