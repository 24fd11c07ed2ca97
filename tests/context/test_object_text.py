"""The text that an object has for itself, and the limit of its time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from mimo_magics.context.object_text import TextTimeout, object_text, time_limit
from mimo_magics.context.value import render_value, summarize


class Both:
    def __str__(self) -> str:
        return "str"

    def __repr__(self) -> str:
        return "repr"


class Hangs:
    """An object whose text never comes."""

    def __init__(self, wait: Any) -> None:
        self.wait = wait

    def __repr__(self) -> str:
        while True:
            self.wait()


def catches_errors() -> None:
    with suppress(Exception):
        threading.Event().wait()


def test_an_object_is_shown_by_its_str_and_in_a_container_by_its_repr() -> None:
    assert summarize(Both(), 200, "sample").text == "str"
    assert summarize([Both()], 200, "sample").text == '["repr"]'


def test_an_object_without_a_text_is_named_by_its_class() -> None:
    assert object_text(object()) == "(a object object)"


@pytest.mark.parametrize(
    "wait", [lambda: None, threading.Event().wait, lambda: time.sleep(3600), catches_errors]
)
def test_a_repr_that_hangs_is_ended(wait: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimo_magics.context.object_text.MAX_SECONDS", 0.05)
    text = "(a Hangs object that cannot be shown: TextTimeout)"
    assert render_value("x", Hangs(wait), 200, "sample").text == text
    assert summarize([Hangs(wait), 1], 200, "sample").text == f'["{text}", 1]'


def test_many_objects_that_hang_take_no_longer_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimo_magics.context.object_text.MAX_SECONDS", 0.02)
    monkeypatch.setattr("mimo_magics.context.value.MAX_CONTAINER_SECONDS", 0.1)
    text = summarize([Hangs(lambda: None) for _ in range(1_000)], 20_000, "sample").text
    assert text.count("TextTimeout") < 20
    assert "(a Hangs object that is not shown, because the others took too long)" in text


def test_the_timer_and_its_handler_are_restored() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TextTimeout), time_limit(0.01):
        threading.Event().wait()
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))


def test_a_timer_of_the_user_is_left_alone() -> None:
    signal.setitimer(signal.ITIMER_REAL, 3600)
    try:
        with time_limit(0.001):
            time.sleep(0.01)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 3000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_there_is_no_timer_in_another_thread() -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append(object_text(Both())))
    thread.start()
    thread.join()
    assert found == ["str"]


def test_a_huge_repr_is_not_copied() -> None:
    code = """
import resource
from mimo_magics.context import object_text
from mimo_magics.context.value import summarize

object_text.MAX_SECONDS = 60.0

class Huge:
    def __repr__(self):
        return "x" * 80_000_000

summarize([1], 200, "sample")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rendered = summarize(Huge(), 20_000, "sample")
growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(rendered.size <= 20_000, rendered.whole_size, growth * (1 if __import__("sys").platform == "darwin" else 1024) < 120_000_000)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "True 80000000 True\n"
