"""The path of the notebook."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.kernel import notebook_path
from mimo_magics.notebook.kernel.notebook_path import find_notebook, require_notebook_path


def shell(**variables: object) -> SimpleNamespace:
    return SimpleNamespace(user_ns=variables)


@pytest.mark.parametrize(
    ("named", "variables", "environment", "found"),
    [
        ("/n/a.ipynb", {"__vsc_ipynb_file__": "/n/b.ipynb"}, "/n/c.ipynb", "/n/a.ipynb"),
        (None, {"__vsc_ipynb_file__": "/n/b.ipynb"}, "/n/c.ipynb", "/n/b.ipynb"),
        (None, {}, "/n/c.ipynb", "/n/c.ipynb"),
        (None, {"__vsc_ipynb_file__": 7}, "/n/console-1", None),
        (None, {}, None, None),
    ],
)
def test_the_setting_precedes_the_front_end(
    monkeypatch: pytest.MonkeyPatch,
    named: str | None,
    variables: dict[str, object],
    environment: str | None,
    found: str | None,
) -> None:
    monkeypatch.delenv(notebook_path.ENV_VARIABLE, raising=False)
    if environment:
        monkeypatch.setenv(notebook_path.ENV_VARIABLE, environment)
    assert find_notebook(shell(**variables), named) == (Path(found).absolute() if found else None)


def test_a_required_path_that_is_unknown_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(BadOption) as error:
        require_notebook_path(None)
    assert "%mimo_config notebook=" in error.value.hint
