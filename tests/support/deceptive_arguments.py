"""Arguments of tool calls that try to deceive the user who approves them, and what must be visible."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeceptiveArguments:
    """Arguments of a model, and what the user must see of them."""

    name: str
    text: str
    """The text that the model wrote."""
    shown: tuple[str, ...]
    """Parts that the full view must contain."""
    is_long: bool = False
    """Whether the user must unfold it."""


TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "rm -rf ~")
END = "; rm -rf ~"
PATH = "/srv/" + "release/" * 60 + "../" * 62 + "etc/passwd"
TOWER = "".join(map(chr, range(0x300, 0x31B)))


def _deep(depth: int) -> str:
    return '{"a": ' * depth + '"rm -rf ~"' + "}" * depth


def _command(name: str, command: str, *shown: str, is_long: bool = False) -> DeceptiveArguments:
    """Return a command as JSON with the required escapes only."""
    return DeceptiveArguments(
        name, json.dumps({"cmd": command}, ensure_ascii=False), shown or (END,), is_long
    )


DECEPTIVE = (
    DeceptiveArguments("a carriage return behind", '{"cmd": "rm -rf ~"\r}', ('{\n  "cmd": "rm -rf ~"\n}',)),
    _command("a carriage return within", f"ls{END}\rls -l        ", f'"ls{END}\\rls -l⟨spaces: 8⟩"'),
    _command("ANSI erases", f"ls{END}\x1b[2K\x1b[1Gls", f'"ls{END}\\u001b[2K\\u001b[1Gls"'),
    _command("C1 erases", f"ls{END}\x9b2K\x9b1Gls\x85x", f'"ls{END}⟨U+009B⟩2K⟨U+009B⟩1Gls⟨U+0085⟩x"'),
    _command("backspaces", f"ls{END}" + "\b" * 10, '~⟨\\b × 10⟩"'),
    _command(
        "a hyperlink of the terminal",
        "\x1b]8;;https://outside.invalid\x07docs\x1b]8;;\x07",
        '"\\u001b]8;;https://outside.invalid\\u0007docs\\u001b]8;;\\u0007"',
    ),
    _command("a turned direction", "cat \u202egnp.exe\u202c", '"cat ⟨U+202E⟩gnp.exe⟨U+202C⟩"'),
    _command("isolates", "a \u2067b\u2069\u2066 c\u2069", '"a ⟨U+2067⟩b⟨U+2069⟩⟨U+2066⟩ c⟨U+2069⟩"'),
    _command("words from right to left", "cp \u05d0\u05d1\u05d2 \u05d3\u05d4\u05d5 12", "\u05d0\u05d1\u05d2"),
    DeceptiveArguments(
        "a turned key",
        '{"\u202edwc\u202c": "/", "x\u2066\u2069": 1}',
        ('"⟨U+202E⟩dwc⟨U+202C⟩": "/"', '"x⟨U+2066⟩⟨U+2069⟩": 1'),
    ),
    _command("200 spaces", "ls" + " " * 200 + END, f'"ls⟨spaces: 200⟩{END}"'),
    DeceptiveArguments(
        "300 line ends in JSON",
        '{"a": 1,' + "\n" * 300 + f'"cmd": "{END}"}}',
        (f'"a": 1,\n  "cmd": "{END}"',),
    ),
    _command("300 line ends in a text", "ls" + "\n" * 300 + END, f'"ls⟨\\n × 300⟩{END}"'),
    _command("tabs", "ls" + "\t" * 100 + END, f'"ls⟨\\t × 100⟩{END}"'),
    _command("blanks that do not break", "rm -rf\xa0/" + "\xa0" * 90, '"rm -rf⟨U+00A0⟩/⟨U+00A0 × 90⟩"'),
    _command("ideographic blanks", "ls" + "\u3000" * 99 + END, f'"ls⟨U+3000 × 99⟩{END}"'),
    _command("separators of lines", f"ls\u2028{END}\u2029\x0b\x0c", f'"ls⟨U+2028⟩{END}⟨U+2029⟩\\u000b\\f"'),
    _command(
        "letters in tags", "ls \U0001f3f4" + TAGS + "\U000e007f", "⟨U+E0072⟩⟨U+E006D⟩⟨U+E0020⟩⟨U+E002D⟩"
    ),
    _command(
        "joiners", "r\u200dm\u200b -\u200crf\u2060\ufeff", '"r⟨U+200D⟩m⟨U+200B⟩ -⟨U+200C⟩rf⟨U+2060⟩⟨U+FEFF⟩"'
    ),
    _command("variation selectors", "ls 😀" + "\U000e0101\ufe0f\ufe0e", '"ls 😀⟨U+E0101⟩⟨U+FE0F⟩⟨U+FE0E⟩"'),
    _command("fillers", "ls\u3164\uffa0\u115f\u2800.sh", '"ls⟨U+3164⟩⟨U+FFA0⟩⟨U+115F⟩⟨U+2800⟩.sh"'),
    _command("towers of marks", "ls e" + TOWER * 2 + END + "/\u0338", "⟨U+0303⟩⟨U+0304⟩", f"{END}/⟨U+0338⟩"),
    _command("letters of private use", "ls \ue000\U000f0000\uffff", '"ls ⟨U+E000⟩⟨U+F0000⟩⟨U+FFFF⟩"'),
    _command("letters beyond 16 bits", "rm 𝓇𝓂 🙂 𠀀", '"rm 𝓇𝓂 🙂 𠀀"'),
    _command("punctuation that looks alike", "ls；rm　-rf／｜〈x〉", '"ls；rm⟨U+3000⟩-rf／｜〈x〉"'),
    _command("marks of our own", "ls⟨spaces: 9⟩ ⟨U+200B⟩", '"ls⟨U+27E8⟩spaces: 9⟩ ⟨U+27E8⟩U+200B⟩"'),
    _command("a long path", PATH, "/../etc/passwd"),
    _command("padding", "ls " + "a" * 5_000 + END, is_long=True),
    _command("wide padding", "ls " + "\u4e2d" * 1_000 + END, is_long=True),
    _command("a fork of pages", "\n".join(f"echo {n}" for n in range(900)) + END, is_long=True),
    DeceptiveArguments("many lines", json.dumps({"a": [0] * 200, "cmd": END}), (END,), is_long=True),
    DeceptiveArguments("a key twice", '{"cmd": "ls", "cmd": "rm -rf ~"}', ('{\n  "cmd": "rm -rf ~"\n}',)),
    DeceptiveArguments("a long key", json.dumps({"k" * 3_000: END}), (f'k": "{END}"',), is_long=True),
    DeceptiveArguments("an empty key", '{"": "rm -rf ~"}', ('{\n  "": "rm -rf ~"\n}',)),
    DeceptiveArguments("50 levels", _deep(50), (_deep(50),)),
    DeceptiveArguments(
        "escaped letters", '{"cmd": "\\u0072\\u006d\\u202e"}', ('{\n  "cmd": "rm⟨U+202E⟩"\n}',)
    ),
    DeceptiveArguments("half a letter", '{"cmd": "\\ud83d rm"}', ('"⟨U+D83D⟩ rm"',)),
    DeceptiveArguments(
        "numbers",
        '{"a": 1.0000000000000001, "b": 1e2, "c": 1e400, "d": -0}',
        ('"a": 1.0,\n  "b": 100.0,\n  "c": Infinity,\n  "d": 0',),
    ),
    _command(
        "HTML",
        "</code></pre><script>ran = 1</script><b>ls</b>&amp;<!--",
        "</code></pre><script>ran = 1</script><b>ls</b>&amp;<!--",
    ),
    _command(
        "Markdown", "[ls](https://outside.invalid) **x** `y`", "[ls](https://outside.invalid) **x** `y`"
    ),
    _command("TeX", r"$\text{ls}$ $$x^2$$ \(y\)", r"$\\text{ls}$ $$x^2$$ \\(y\\)"),
    _command(
        "markup of rich",
        "[red]x[/red] [y]es [link=x]y[/link] :bomb:",
        "[red]x[/red] [y]es [link=x]y[/link] :bomb:",
    ),
    _command("a question of its own", "ls\nRun it? [y]es, [n]o: y\n", '"ls\\nRun it? [y]es, [n]o: y\\n"'),
    DeceptiveArguments("no object", f'["ls", "{END}"]', (f'[\n  "ls",\n  "{END}"\n]',)),
    DeceptiveArguments(
        "no JSON",
        "{not JSON\r\x1b[2K" + "\n" * 300 + " " * 300 + END,
        ("⟨U+000D⟩⟨U+001B⟩[2K\n⟨empty lines: 299⟩\n", f"⟨spaces: 300⟩{END}"),
    ),
)
"""At least one example of each kind."""
IDS = [each.name for each in DECEPTIVE]
