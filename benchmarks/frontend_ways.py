"""The other contenders of the front-end benchmark. Its notebooks import a copy of this file. See frontend.py."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import httpx
from IPython.display import Markdown, display


def tokens(prompt: str) -> Iterator[str]:
    """Yield the tokens of the server, with simple client code."""
    body = {"model": "paced", "stream": True, "messages": [{"role": "user", "content": prompt}]}
    url = f"{os.environ['MIMO_BASE_URL']}/chat/completions"
    client = httpx.Client(timeout=None, trust_env=False)
    with client, client.stream("POST", url, json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    yield choice["delta"]["content"]


def by_print(prompt: str) -> None:
    for token in tokens(prompt):
        print(token, end="", flush=False)


def by_update(prompt: str, pause: float = 0.0) -> None:
    """Update the display with the text so far after each pause, and once at the end."""
    text, shown = "", time.monotonic()
    handle = display(Markdown(text), display_id=True)
    for token in tokens(prompt):
        text += token
        if time.monotonic() - shown >= pause:
            handle.update(Markdown(text))
            shown = time.monotonic()
    handle.update(Markdown(text))


def at_10_hz(prompt: str) -> None:
    by_update(prompt, 0.1)
