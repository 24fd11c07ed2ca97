"""Size of a reply of 2,000 tokens in a saved notebook, compared with its text: prose, code, and a mixture.

All figures are bytes, which are the same on every machine. `--short` uses 200 tokens.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import replace

from mimo_magics.core.messages import (
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    Timing,
    Usage,
    user_message,
)
from mimo_magics.document import reply as reply_document
from mimo_magics.session.storage.turn_record import build_record
from mimo_magics.session.turn import Turn

TOKENS, SHORT = 2_000, 200
PROSE = "The *quick* brown fox jumps over the lazy dog, and no one minds. "
CODE = "```python\ndef area(radius: float) -> float:\n    return 3.14159 * radius**2  # roughly\n```\n\n"
TABLE = "| city | people |\n|---|---:|\n| Tokyo | 14,000,000 |\n| Berlin | 3,900,000 |\n\n"
KINDS = {
    "prose": PROSE,
    "code": CODE,
    "mixed": PROSE * 4 + "\n\n## Then\n\n" + CODE + TABLE + "$e = mc^2$\n\n",
}


def make_reply(source: str, tokens: int) -> Reply:
    """Return a reply of about this many tokens at four characters each. A tenth of them is reasoning."""
    text = (source * (4 * tokens // len(source) + 1))[: 4 * tokens]
    parts = (ReasoningPart(text[: len(text) // 10]), TextPart(text))
    usage, timing = Usage(500, tokens, 400, tokens // 10), Timing(0.5, 2.0, 40.0)
    return Reply(Message("assistant", parts), usage, "end", "mimo-v2-pro", "0" * 32, timing=timing)


def measure_sizes(reply: Reply) -> tuple[int, int, int, int]:
    """Return the bytes of the text, the HTML, the record, and the whole saved output."""
    turn = Turn(user_message("Tell me."), reply, Params("mimo-v2-pro"), "mimo-v2", "openai", 1.0)
    bundle, metadata = reply_document.reply_bundle(reply), {"mimo": build_record(turn)}
    output = {"output_type": "display_data", "data": bundle, "metadata": metadata}
    parts = (reply.text, bundle["text/html"], metadata, output)
    return tuple(len(json.dumps(part, ensure_ascii=False).encode()) for part in parts)  # type: ignore[return-value]


def main() -> None:
    """Print the table."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help=f"{SHORT} tokens")
    tokens = SHORT if parser.parse_args().short else TOKENS
    print(f"{'':6} {'text':>7} {'html':>7} {'record':>7} {'saved':>7}  saved/text  (saved - html)/text")
    for kind, source in KINDS.items():
        reply = make_reply(source, tokens)
        text, html, record, saved = measure_sizes(reply)
        without_reasoning = replace(reply, message=Message("assistant", reply.message.parts[1:]))
        ratios = f"{saved / text:10.2f}  {(saved - html) / text:17.2f}"
        remark = f"(without reasoning {measure_sizes(without_reasoning)[3]:,})"
        print(f"{kind:6} {text:7,} {html:7,} {record:7,} {saved:7,}  {ratios}   {remark}")


if __name__ == "__main__":
    main()
