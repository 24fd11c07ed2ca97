"""The current session: of the registered provider, or of the process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mimo_magics.session.current_session import get_current_session, set_session_provider
from mimo_magics.session.session import Session


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    set_session_provider()


def test_without_a_provider_there_is_one_session_of_the_process() -> None:
    assert get_current_session() is get_current_session()


def test_the_session_of_the_provider_holds_until_it_is_replaced() -> None:
    own, chat = get_current_session(), Session(name="chat")
    set_session_provider(lambda: chat)
    assert get_current_session() is chat
    set_session_provider(lambda: None)
    assert get_current_session() is own
