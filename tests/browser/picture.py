"""Create the pictures of the README and of a lesson, in light and dark: `python tests/browser/picture.py`.

In docs/img `live` shows a reply while it streams, and `lab` the same reply as a document. In notebooks/img `panel` shows
the parameter panel.

A real JupyterLab shows a real stream. The text was written by hand: the server of the tests replies under the name
of mimo-v2-pro. The script requires the packages of the browser tests, and Pillow.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.peer import KEY, Answer, Peer, Seen, sse  # noqa: E402

from browser.lab import Page, Server, Theme, browsing, write  # noqa: E402

PICTURES = ROOT / "docs" / "img"
LESSON_PICTURES = ROOT / "notebooks" / "img"
"""A server that is started in the folder of the lessons shows no file outside of it."""
COLOURS = 64
PROMPT = (
    "%%mimo\nHow long until money doubles at 3, 5 or 7 % a year? Give me the formula, Python and a table."
)
REASONING = """
Doubling means $(1 + r)^n = 2$, so $n = \\ln 2 / \\ln(1 + r)$. For 3 %: 0.6931 / 0.02956 = 23.4; for 5 %: 14.2; \
for 7 %: 10.2. The rule of 72 gives 24, 14.4 and 10.3: worth a column.
"""
ANSWER = """
After $n$ years at the rate $r$ one unit has become $(1 + r)^n$. It has **doubled** when

$$n = \\frac{\\ln 2}{\\ln(1 + r)} \\approx \\frac{72}{100\\,r}$$

```python
from math import log

def years_to_double(rate: float) -> float:
    \"""Years until money at this yearly rate has doubled.\"""
    return log(2) / log(1 + rate)
```

| Rate | Years | Rule of 72 |
|:-----|------:|-----------:|
| 3 %  |  23.4 |       24.0 |
| 5 %  |  14.2 |       14.4 |
| 7 %  |  10.2 |       10.3 |

The rule of 72 is never off by more than seven months here.
"""


def chunk(**fields: Any) -> bytes:
    return sse({"id": "1", "model": "mimo-v2-pro", **fields})


def stream_words(key: str, text: str, pause: float) -> Iterator[Any]:
    """Yield a text word by word, as a model streams it."""
    for word in text.strip().split(" "):
        yield pause
        yield chunk(choices=[{"index": 0, "delta": {key: f"{word} "}}])


def script(_: Seen) -> Answer:
    usage = {
        "prompt_tokens": 42,
        "completion_tokens": 371,
        "completion_tokens_details": {"reasoning_tokens": 114},
    }
    return Answer(
        [
            0.5,
            *stream_words("reasoning_content", REASONING, 0.035),
            *stream_words("content", ANSWER, 0.03),
            chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=usage),
            b"data: [DONE]\n\n",
        ]
    )


def take(page: Page, name: str, theme: Theme) -> None:
    """Save a screenshot with as few colors as it needs."""
    path = PICTURES / f"{name}-{theme}.png"
    page.screenshot(path, last=2)
    shrink(path)


def shrink(path: Path) -> None:
    """Reduce the colors of a picture."""
    Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path.relative_to(ROOT), f"{path.stat().st_size / 1_000:.0f} kB", Image.open(path).size)


def take_both(page: Page, theme: Theme) -> None:
    """Run the cells, and save a picture of the live view and one of the document."""
    page.restart()
    page.theme(theme)
    page.run_all()
    page.output(1).locator(".mimo-live table").wait_for()
    take(page, "live", theme)
    page.wait_idle()
    page.output(1).locator(".mimo-reply mjx-container").last.wait_for()
    take(page, "lab", theme)


def take_panel(page: Page, theme: Theme) -> None:
    """Run the cells, and save a picture of the output with the panel."""
    page.restart()
    page.theme(theme)
    page.run_all()
    page.wait_idle()
    page.output(1).locator(".mimo-prompt-box").wait_for()
    path = LESSON_PICTURES / f"panel-{theme}.png"
    page.output(1).screenshot(path=path)
    shrink(path)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, Peer(script) as model, browsing() as browser:
        folder = Path(name)
        write(folder / "money.ipynb", "%load_ext mimo_magics", PROMPT, "_.usage", "")
        server = Server("lab", folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{model.url}/v1")
        with server, Page(server, browser, width=1_290, height=1_400) as page:
            page.open("money.ipynb")
            page.execute("application:toggle-left-area")
            for theme in ("light", "dark"):
                take_both(page, theme)
        # Without a key and a base URL the panel shows the service of the preset, and requests no list.
        write(folder / "panel.ipynb", "%load_ext mimo_magics\n%mimo_config temperature=0.3", "%mimo_panel")
        with Server("lab", folder) as server, Page(server, browser, width=1_100, height=1_400) as page:
            page.open("panel.ipynb")
            page.execute("application:toggle-left-area")
            for theme in ("light", "dark"):
                take_panel(page, theme)


if __name__ == "__main__":
    main()
