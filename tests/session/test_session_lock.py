"""The lock of a session."""

import pytest

from mimo_magics.core.errors import SessionBusy
from mimo_magics.session.session_lock import SessionLock


def test_a_held_lock_refuses_a_second_holder() -> None:
    lock = SessionLock()
    with lock.hold():
        with pytest.raises(SessionBusy, match="another turn is running"), lock.hold():
            pass
        assert lock.is_held
    assert not lock.is_held


def test_listeners_are_called_after_each_change() -> None:
    lock = SessionLock()
    states: list[bool] = []
    lock.listeners.append(lambda: states.append(lock.is_held))
    with lock.hold(), pytest.raises(SessionBusy), lock.hold():
        pass
    assert states == [True, False]


def test_an_error_releases_the_lock() -> None:
    lock = SessionLock()
    with pytest.raises(ValueError, match="failed"), lock.hold():
        raise ValueError("failed")
    assert not lock.is_held
