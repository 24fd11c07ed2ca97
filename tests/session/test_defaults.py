"""Default settings: of the registered provider, or built-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.peer import Peer

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings
from mimo_magics.session.defaults import get_default_settings, register_provider, unregister_provider
from mimo_magics.session.session import Session, ask


class Notebook:
    """A store of settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def snapshot(self) -> Settings:
        return self.settings


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    store = Notebook(Settings(temperature=0.5))
    register_provider(store.snapshot)
    yield store
    unregister_provider(store.snapshot)


def test_without_a_provider_the_defaults_are_the_built_in_ones() -> None:
    assert (get_default_settings(), Session().settings) == (Settings(), Settings())


def test_the_provider_that_was_registered_last_holds_until_it_is_unregistered(notebook: Notebook) -> None:
    other = Notebook(Settings(temperature=0.25))
    register_provider(other.snapshot)
    assert get_default_settings() == other.settings
    unregister_provider(other.snapshot)
    assert get_default_settings() == notebook.settings


def test_a_session_keeps_its_overrides_and_looks_the_rest_up_for_each_call(notebook: Notebook) -> None:
    chat = Session(top_p=0.9)
    assert chat.settings == Settings(temperature=0.5, top_p=0.9)
    notebook.settings = Settings(temperature=0.75, top_p=0.1)
    assert (chat.settings, chat.overrides) == (Settings(temperature=0.75, top_p=0.9), {"top_p": 0.9})


def test_a_call_uses_the_settings_of_the_provider(notebook: Notebook, peer: Peer) -> None:
    notebook.settings = Settings(base_url=f"{peer.url}/v1", system="none", max_tokens=7)
    ask("one")
    Session(max_tokens=8).ask("two")
    Session(max_tokens=8).ask("three", max_tokens=9)
    assert [seen.body["max_tokens"] for seen in peer.requests] == [7, 8, 9]


def test_an_invalid_override_is_refused_at_once(notebook: Notebook) -> None:
    with pytest.raises(BadOption):
        Session(temperature="warm")  # type: ignore[arg-type]
