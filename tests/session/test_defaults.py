"""Default settings: of the registered provider, or built-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.peer import Peer

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings
from mimo_magics.session.defaults import get_default_settings, set_provider
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
    set_provider(store.snapshot)
    yield store
    set_provider()


def test_without_a_provider_the_defaults_are_the_built_in_ones() -> None:
    assert (get_default_settings(), Session().settings) == (Settings(), Settings())


def test_a_provider_holds_until_it_is_replaced(notebook: Notebook) -> None:
    assert get_default_settings() == notebook.settings
    set_provider()
    assert get_default_settings() == Settings()


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


def test_a_preset_of_a_session_resets_the_service_of_the_notebook(notebook: Notebook) -> None:
    notebook.settings = Settings(base_url="http://a.example/v1", model="m", auth="bearer", temperature=0.5)
    assert Session(preset="xiaomi").settings == Settings(preset="xiaomi", temperature=0.5)
    assert Session(preset="local").draft("Hello").service == "local"
    own = Session(preset="xiaomi", base_url="http://b.example/v1", model="n").settings
    assert (own.base_url, own.model, own.auth) == ("http://b.example/v1", "n", None)


def test_a_preset_of_a_call_resets_the_service_of_the_notebook(notebook: Notebook) -> None:
    notebook.settings = Settings(base_url="http://a.example/v1", model="m")
    chat = Session()
    assert chat.draft("Hello", preset="local").service == "local"
    assert chat.settings == notebook.settings


def test_the_presets_of_a_comparison_reset_the_service_of_the_notebook(
    notebook: Notebook, peer: Peer
) -> None:
    notebook.settings = Settings(base_url="http://a.example/v1", model="m", system="none")
    own = {"base_url": f"{peer.url}/v1", "model": "n"}
    Session().compare("Hello", preset=["mimo-v2", "xiaomi"], **own)
    assert [seen.body["model"] for seen in peer.requests] == ["n", "n"]
