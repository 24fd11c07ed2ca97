"""A scripted classifier and a scripted judge for tests of checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from support.peer import Answer, Peer, Seen, error, reply, stream

PROMPT = "Is this praise or a complaint? {text}"
JUDGED = "You judge a text by one criterion."
CASES = [
    {"text": "Lovely!", "label": "praise"},
    {"text": "It broke.", "label": "complaint"},
    {"text": "Never again.", "label": "complaint"},
]
LABELS = {"Lovely!": "praise", "It broke.": "complaint", "Never again.": "praise"}
"""What the model replies: the last label is wrong."""


def classifier(
    labels: Mapping[str, str] = LABELS, meets: Callable[[Seen], bool] = lambda _: True
) -> Callable[[Seen], Answer]:
    """Return a script that replies the label of the text, or the verdict of the judge. An empty label is an error."""

    def script(seen: Seen) -> Answer:
        if JUDGED in seen.prompt:
            return stream(seen, reply(json.dumps({"reason": "It says so.", "meets": meets(seen)})))
        label = next(value for text, value in labels.items() if text in seen.prompt)
        return stream(seen, reply(label)) if label else error(400, "no such text")

    return script


def count_judged(peer: Peer) -> int:
    return sum(JUDGED in seen.prompt for seen in peer.requests)
