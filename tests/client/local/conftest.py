"""Sessions with the embedded model."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from support.embedded_model import MODEL

from mimo_magics.client.local import weights
from mimo_magics.session.session import Session


@pytest.fixture
def _model() -> None:
    if not find_spec("xllamacpp"):
        pytest.skip("xllamacpp is not installed: pip install 'mimo-magics[local]'")
    if not weights.get_weights_path(MODEL).exists():
        pytest.skip(f"the weights do not exist: python -m mimo_magics.client.local.weights {MODEL}")


@pytest.fixture
def local_session(_model: None) -> Session:
    return Session(preset="local", temperature=0.0)


@pytest.fixture(params=["json", "logging", "typing", "pathlib", "pip", "mimo_magics"])
def _own_module(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own file beside the notebook, with the name of a library."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (notebooks / f"{request.param}.py").write_text("raise SystemExit('a file of the user was run')\n")
    monkeypatch.chdir(notebooks)
