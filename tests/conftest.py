"""Shared fixtures: hypothesis profiles, the peer server, and the check for skipped tests."""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from support.peer import KEY, Peer
from support.virtual_time import virtual_time

from mimo_magics.client import backoff, credentials, model_list

# pytest finds this fixture here.
__all__ = ["virtual_time"]

# The environment variable MIMO_FUZZ selects the profile; the default is `normal`.
settings.register_profile("short", deadline=None, max_examples=15)
settings.register_profile("normal", deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=5_000)
IPYTHON = pytest.StashKey[TemporaryDirectory[str]]()
settings.load_profile(os.environ.get("MIMO_FUZZ", "normal"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail when a test was skipped")


def pytest_configure(config: pytest.Config) -> None:
    """Give each process an IPython folder, so that the profile and the history of the user are not used."""
    config.stash[IPYTHON] = folder = TemporaryDirectory(ignore_cleanup_errors=True)
    # The folder is removed after the shells have closed their history in it.
    atexit.register(folder.cleanup)
    os.environ["IPYTHONDIR"] = folder.name
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell ignores SIGINT in background jobs, and programs that tests interrupt would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if a test was skipped and --no-skips is given, as the machine then lacks something.

    The workers of pytest-xdist report to the main process, which has a terminal.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if (
        reporter
        and session.config.getoption("--no-skips")
        and reporter.stats.get("skipped")
        and not session.exitstatus
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide the settings of the user who runs the tests."""
    for name in os.environ:
        if name.startswith("MIMO_") and name != "MIMO_FUZZ":
            monkeypatch.delenv(name)
    monkeypatch.setattr(credentials, "_entered_keys", {})
    monkeypatch.setattr(credentials, "_bound_hosts", {})
    monkeypatch.setattr(backoff, "_backoffs", {})
    monkeypatch.setattr(model_list, "_model_ids_by_url", {})
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A server that follows MiMo's rules, with its API key in the environment."""
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    with Peer() as server:
        yield server
