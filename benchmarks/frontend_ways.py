"""How others show a stream, in the kernel of the benchmark of front ends. Its notebooks import a copy. See frontend.py."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import httpx
from IPython.display import Markdown, display


def tokens(prompt: str) -> Iterator[str]:
    """What the server sends, as whoever writes a few lines for it would read it."""
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
    """All so far, whenever that many seconds have passed, and once at the end."""
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
