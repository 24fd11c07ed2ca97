"""Prompts with every kind of media, and what a server receives for them, as texts to read.

`python -m support.media_cases --write` writes the texts again, for a review.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from mimo_magics.core.media_size import read_image_size
from mimo_magics.core.messages import Message, Params, Request
from mimo_magics.notebook.argument_parser import parse_options
from mimo_magics.notebook.cell_request import build_cell_request, split_options
from mimo_magics.session.request import Prompt
from mimo_magics.wire.formats import FORMATS
from support.media_files import FILES, bmp, png, wav
from support.paths import ROOT

TEXTS = ROOT / "tests" / "integration" / "media_texts"
URL = "https://files.example/tide"
BASE64 = re.compile(r"(data:(?P<type>[\w/-]+);base64,)?(?P<data>[A-Za-z0-9+/]{40,}={0,2})")


def figure() -> Any:
    from matplotlib.figure import Figure

    fig = Figure(figsize=(6.4, 4.8), dpi=100)
    fig.add_subplot().plot([1, 3, 2])
    return fig


def pillow_image() -> Any:
    from PIL import Image

    return Image.new("RGB", (8_000, 2_000), "teal")


CASES: dict[str, tuple[str, str, Callable[[], Any]]] = {
    "figure": ("", "What does {x} show? Answer in one sentence.", figure),
    "figure_alone": ("", "{x}", figure),
    "two_axes": ("", "Compare {x[0]} and {x[1]}.", lambda: [figure().axes[0], figure()]),
    "pillow_large": ("", "Describe {x}", pillow_image),
    "bytes": ("", "Describe {x}", png),
    "bmp": ("", "Describe {x}", bmp),
    "image_name": ("--image x", "What is it?", png),
    "image_url": (f"--image {URL}.png", "What is it?", int),
    "audio": ("--audio x", "What do you hear?", wav),
    "audio_url": (f"--audio {URL}.mp3", "What do you hear?", int),
    "video": ("--video x", "What happens?", lambda: FILES["video/mp4"]),
    "video_options": (f"--video {URL}.mp4 --fps 0.5 --media-resolution max", "What happens?", int),
}
"""Options, prompt, and the value of the variable `x`, by the name of the text."""


def build_prompt(name: str) -> Prompt:
    """Return the prompt of a case as parts."""
    line, prompt, create = CASES[name]
    arguments, _ = split_options(line)
    request = build_cell_request(parse_options("%%mimo", arguments), prompt, {"x": create()})
    assert request.prompt is not None
    return request.prompt


def readable(content: Any) -> str:
    """Return the content of a message as JSON, with a description in place of data."""
    return BASE64.sub(_describe, json.dumps(content, indent=2, ensure_ascii=False)) + "\n"


def _describe(match: re.Match[str]) -> str:
    data = b64decode(match["data"])
    size = read_image_size(data)
    return f"{match[1] or ''}({'{} x {} pixels'.format(*size) if size else f'{len(data):,} bytes'})"


def main() -> None:
    """Write what the OpenAI format and the Anthropic format send."""
    from mimo_magics.core.errors import BadOption

    TEXTS.mkdir(exist_ok=True)
    for name in CASES:
        for api in ("openai", "anthropic"):
            prompt: Any = build_prompt(name)
            request = Request((Message("user", prompt),), Params("mimo-v2-omni", max_completion_tokens=9))
            try:
                text = readable(FORMATS[api].encode(request)["messages"][-1]["content"])  # type: ignore[index]
            except BadOption as error:
                text = "\n".join((*error.lines, ""))
            if "--write" in sys.argv:
                (TEXTS / f"{name}.{api}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
