"""A fake page with widgets, a clock and a cell, for tests of live renderers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from comm.base_comm import BaseComm

Published = list[dict[str, Any]]
"""The displayed outputs, in order."""
WIDGETS = "application/vnd.jupyter.widget-view+json"
ENVELOPE_BYTES = 550
"""Size of the envelope that Jupyter adds to each message."""


@dataclass
class PageConnection:
    """The messages to the page, and its response to the widget probe."""

    answers: bool = True
    messages: list[tuple[str, str, Any]] = field(default_factory=list)
    """The type, the widget and the data of each message."""
    comms: dict[str, BaseComm] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        return sum(ENVELOPE_BYTES + len(json.dumps(data)) for _, _, data in self.messages)

    def values(self) -> list[str]:
        """Return all HTML that was sent."""
        states = (data["state"] for kind, _, data in self.messages if kind != "comm_close")
        return [state["value"] for state in states if isinstance(state.get("value"), str)]

    def receive(self, kind: str, widget: BaseComm, data: Any) -> None:
        self.messages.append((kind, widget.comm_id, json.loads(json.dumps(data or {}))))
        if kind == "comm_open":
            self.comms[widget.comm_id] = widget
        self.states.setdefault(widget.comm_id, {}).update((data or {}).get("state", {}))
        if kind == "comm_close":
            del self.states[widget.comm_id]
        elif self.answers and (data or {}).get("state", {}).get("_model_name") == "DirectionalLinkModel":
            (source, name), (target, trait) = data["state"]["source"], data["state"]["target"]
            self.update(target, {trait: self.states[source.removeprefix("IPY_MODEL_")][name]})

    def update(self, widget: str, state: dict[str, Any]) -> None:
        """Change a widget like the page."""
        content = {"data": {"method": "update", "state": state, "buffer_paths": []}}
        self.comms[widget.removeprefix("IPY_MODEL_")].handle_msg({"content": content, "buffers": []})

    def find(self, model: str, text: str) -> str:
        """Return the newest widget of a model whose description begins with this text."""
        return [
            id_
            for id_, state in self.states.items()
            if state.get("_model_name") == model and state["description"].startswith(text)
        ][-1]

    def press(self, text: str) -> None:
        content = {"data": {"method": "custom", "content": {"event": "click"}}}
        self.comms[self.find("ButtonModel", text)].handle_msg({"content": content, "buffers": []})


class Clock:
    """A clock whose time a test sets."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


class Cell:
    """A cell that records the calls."""

    def __init__(self) -> None:
        self.stopped = False
        self.inserted: list[str] = []

    def stop(self) -> None:
        self.stopped = True

    def insert(self, code: str) -> None:
        self.inserted.append(code)


MIXED = """## Part {n}

A paragraph with *some* words, and a few more of them so that it has a usual length.

- one
- two

```python
def f(x):
    return x + {n}
```

So $x^{n}$ it is, for $5.

| a | b |
|---|---|
| 1 | {n} |

"""


def text(length: int) -> str:
    """Return Markdown of all kinds with about this length."""
    parts = (MIXED.replace("{n}", str(n)) for n in count())
    text_so_far = ""
    while len(text_so_far) < length:
        text_so_far += next(parts)
    return text_so_far
