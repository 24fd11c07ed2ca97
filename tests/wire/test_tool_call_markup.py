"""Tool calls that a model wrote as text: they are removed, and become calls if the server sent none."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import example, given, strategies as st
from support.decoded_streams import fold_events, openai_stream
from support.paths import DATA

from mimo_magics.core.events import (
    Annotations,
    ModelPreparation,
    Note,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Retrying,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.messages import Tool, Usage
from mimo_magics.wire import tool_call_markup
from mimo_magics.wire.formats import decode
from mimo_magics.wire.tool_call_markup import ToolCallMarkupFilter

MIMO = DATA / "mimo"
TAGS = ["<tool_call>", "<function=", "<parameter=", "</parameter>", "</function>", "</tool_call>"]
CALL = "<tool_call><function=tide><parameter=port>Keelung</parameter></function></tool_call>"


def through(*events, first=0):
    markup_filter = ToolCallMarkupFilter(first)
    return [out for event in events for out in markup_filter.feed(event)] + list(markup_filter.flush())


def text_of(events, kind=TextDelta):
    return "".join(event.text for event in events if isinstance(event, kind))


def calls_in(events):
    """Return names and arguments; arguments that are not JSON stay text. Every call is one delta."""
    starts = [event for event in events if isinstance(event, ToolCallStart)]
    arguments = {event.index: event.arguments for event in events if isinstance(event, ToolCallDelta)}
    return [(start.name, _read_json(arguments[start.index])) for start in starts]


def _read_json(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def read(*pieces, reason="end"):
    """Return the text and the calls of a reply that arrived in these pieces."""
    events = through(*map(TextDelta, pieces), Stopped(reason))
    return text_of(events), calls_in(events)


def pieces_of(text, places):
    places = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    return [text[one:other] for one, other in pairwise(places)]


# Extraction

FORMS = {
    "bare": (CALL, [("tide", {"port": "Keelung"})]),
    "with line breaks and blanks": (
        "<tool_call>\n\n <function= tide >\n<parameter= port >\n\nKeelung\n</parameter>\n </function>\n</tool_call>",
        [("tide", {"port": "\nKeelung"})],
    ),
    "with many blanks": ("<tool_call>" + "\u3000\r\n" * 33 + "<function=clock></tool_call>", [("clock", {})]),
    "without parameters": ("<tool_call><function=clock></function></tool_call>", [("clock", {})]),
    "with several functions": (
        "<tool_call>\n<function=a>\n<parameter=x>1</parameter>\n<parameter=y>b</parameter>\n</function>\n"
        "<function=b></function></tool_call>",
        [("a", {"x": 1, "y": "b"}), ("b", {})],
    ),
    "one after the other": (CALL + CALL, [("tide", {"port": "Keelung"})] * 2),
    "as JSON": (
        '<tool_call>\n{"name": "tide", "arguments": {"port": "基隆"}}\n</tool_call>',
        [("tide", {"port": "基隆"})],
    ),
    "as JSON with arguments as text": (
        r'<tool_call>{"name": " tide ", "arguments": "{\"port\": 3}"}</tool_call>',
        [("tide", {"port": 3})],
    ),
    "as JSON without arguments": ('<tool_call>{"name": "clock"}</tool_call>', [("clock", {})]),
    "as several JSON objects": (
        '<tool_call>{"name": "a", "arguments": {}},\n{"name": "b", "arguments": null}</tool_call>',
        [("a", {}), ("b", {})],
    ),
    "with a forgotten end of a value": (
        "<tool_call><function=a><parameter=file path>/home\n<parameter=y>1</tool_call>",
        [("a", {"file path": "/home", "y": 1})],
    ),
    "with a forgotten end of a call": (
        "<tool_call><function=a></function><tool_call><function=b></function></tool_call>",
        [("a", {}), ("b", {})],
    ),
    "without a name": (
        '<tool_call><function= ></function></tool_call><tool_call>{"name": " "}</tool_call>',
        [],
    ),
    "without a key": ("<tool_call><function=a><parameter=>1</parameter></function></tool_call>", [("a", {})]),
    "broken": ("<tool_call>{name: tide}</tool_call><tool_call><function=a</tool_call>", []),
    "no number": ('<tool_call>{"name": "a", "arguments": {"x": NaN}}</tool_call>', []),
}
IN_ALL_FORMS = pytest.mark.parametrize(("source", "calls"), FORMS.values(), ids=FORMS)


@IN_ALL_FORMS
def test_markup_in_a_reply_is_removed_and_becomes_calls(source, calls):
    assert read(f"One moment.\n{source}\nDone.") == ("One moment.\n\nDone.", calls)


@IN_ALL_FORMS
def test_markup_may_be_split_at_every_character(source, calls):
    answer = f"a < b {source} c"
    assert read(*answer) == ("a < b  c", calls)
    for place in range(len(answer)):
        assert read(answer[:place], answer[place:]) == ("a < b  c", calls)


def test_recovered_calls_precede_the_end_with_new_ids_and_indexes():
    source = "<tool_call><function=a></function><function=b><parameter=x>1</parameter></function></tool_call>"
    assert through(ResponseStarted("1"), TextDelta(f"Hi {source}"), TextDelta("!"), Stopped("end")) == [
        ResponseStarted("1"),
        TextDelta("Hi "),
        TextDelta("!"),
        ToolCallStart(0, "call_native_0", "a"),
        ToolCallDelta(0, "{}"),
        ToolCallStart(1, "call_native_1", "b"),
        ToolCallDelta(1, '{"x": 1}'),
        Stopped("tool_calls"),
    ]


def test_ids_continue_after_the_ids_of_the_session():
    assert ToolCallStart(0, "call_native_7", "tide") in through(TextDelta(CALL), first=7)


def test_markup_in_reasoning_is_removed_and_calls_keep_their_order():
    thought = "<tool_call><function=think></function></tool_call>"
    events = through(ReasoningDelta(f"Hm. {thought}"), TextDelta(CALL), Stopped("end"))
    assert text_of(events, ReasoningDelta) == "Hm. "
    assert calls_in(events) == [("think", {}), ("tide", {"port": "Keelung"})]


def test_a_stream_with_markup_gives_a_reply_with_tool_calls():
    pieces = [{"choices": [{"delta": {"content": piece}}]} for piece in f"Wait. {CALL}"]
    stream = openai_stream(*pieces, {"choices": [{"delta": {}, "finish_reason": "stop"}]})
    reply = fold_events(through(*decode("openai", [stream])))
    assert (reply.text, reply.stop) == ("Wait. ", "tool_calls")
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("tide", '{"port": "Keelung"}')]


# Values

VALUES = {
    '{"a": [1, 2]}': {"a": [1, 2]},
    "\n[\n1]\n": [1],
    " -1.5e3 ": -1500.0,
    "true": True,
    "null": None,
    "12345678901234567890": 12345678901234567890,
    '"quoted"': '"quoted"',
    "007": "007",
    "NaN": "NaN",
    "[Infinity]": "[Infinity]",
    "1e999": "1e999",
    "9" * 5000: "9" * 5000,
    "[" * 100_000: "[" * 100_000,
    "True": "True",
    "": "",
    " \n\t\n": " \n\t\n",
    "\nline 1\nline 2\n": "\nline 1\nline 2\n",
    '潮汐 🌊 "\\': '潮汐 🌊 "\\',
    "<b>&amp;</b>": "<b>&amp;</b>",
}


@pytest.mark.parametrize(("source", "value"), VALUES.items(), ids=lambda value: repr(value)[:20])
def test_a_value_is_json_unless_it_is_a_string_or_invalid(source, value):
    call = f"<tool_call><function=a><parameter=x>{source}</parameter></function></tool_call>"
    assert read(call) == ("", [("a", {"x": value})])


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("\nline 1\nline 2\n", "line 1\nline 2"),
        ("\n\n  if a < b:\n\n    c \n\n", "\n  if a < b:\n\n    c \n"),
        ("  \nKeelung\n  ", "Keelung"),
        ("Keelung", "Keelung"),
        ("\n\n", ""),
        ("\n[1]\n", [1]),
        ("\r\na\r\nb\r\n", "a\r\nb"),
    ],
)
def test_newlines_around_a_value_belong_to_the_markup_if_each_tag_has_a_line(source, value):
    call = f"<tool_call>\n<function=a>\n<parameter=x>{source}</parameter>\n</function>\n</tool_call>"
    assert read(call) == ("", [("a", {"x": value})])


def shell(**properties):
    return Tool("exec", "", {"type": "object", "properties": properties, "required": list(properties)})


@pytest.mark.parametrize(
    ("tool", "body", "arguments"),
    [
        (shell(cmd={"type": "string"}), "ls -l\n</parameter>", '{"cmd": "ls -l\\n"}'),
        (shell(cmd={"type": "string"}), "ls", '{"cmd": "ls"}'),
        (shell(cmd={"type": "string"}), '{"cmd": "ls"}', '{"cmd": "ls"}'),
        (shell(count={"type": "integer"}), "3", "3"),
        (shell(cmd=True), "ls", "ls"),
        (Tool("exec", "", {"properties": None, "required": ["cmd"]}), "ls", "ls"),
        (Tool("exec", "", {"properties": {"cmd": {"type": "string"}}, "required": 5}), "ls", "ls"),
        (shell(a={"type": "string"}, b={"type": "string"}), "ls", "ls"),
    ],
)
def test_a_body_without_tags_is_the_only_parameter_of_the_tool(tool, body, arguments):
    markup_filter = ToolCallMarkupFilter(0, [tool])
    call = f"<tool_call><function=exec>{body}</function></tool_call>"
    events = [event for piece in (TextDelta(call), Stopped("end")) for event in markup_filter.feed(piece)]
    assert ToolCallDelta(0, arguments) in events


@pytest.mark.parametrize("value", ["123", "null", "true", '{"a": 1}', '"quoted"', "[1]"])
def test_a_value_of_a_string_parameter_is_always_a_string(value):
    markup_filter = ToolCallMarkupFilter(0, [shell(cmd={"type": "string"}, n={"type": "integer"})])
    inner = f"<parameter=cmd>{value}</parameter><parameter=n>5</parameter>"
    call = TextDelta(f"<tool_call><function=exec>{inner}</function></tool_call>")
    events = [event for piece in (call, Stopped("end")) for event in markup_filter.feed(piece)]
    assert ToolCallDelta(0, json.dumps({"cmd": value, "n": 5})) in events


def test_a_restarted_reply_drops_its_markup():
    events = through(
        TextDelta(f"Hi {CALL[:-20]}"), ResponseRestarted("r2"), TextDelta("Hello."), Stopped("end")
    )
    assert events == [TextDelta("Hi "), ResponseRestarted("r2"), TextDelta("Hello."), Stopped("end")]


def test_json_numbers_are_unchanged():
    call = "<tool_call><function=a><parameter=x>\n[1.00, 2]\n</parameter></function></tool_call>"
    assert ToolCallDelta(0, '{"x": [1.00, 2]}') in through(TextDelta(call))


def test_the_last_value_of_a_repeated_key_is_used():
    pairs = "<parameter=x>1</parameter><parameter=x>2</parameter>"
    assert read(f"<tool_call><function=a>{pairs}</function></tool_call>") == ("", [("a", {"x": 2})])


# Calls of the server

STRUCTURED = [ToolCallStart(0, "call_1", "tide"), ToolCallDelta(0, '{"port":"Keelung"}')]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_markup_is_only_removed_if_the_server_sends_calls(place):
    piece = [TextDelta("Hi "), TextDelta(CALL[:30]), TextDelta(CALL[30:])]
    events = through(*piece[:place], *STRUCTURED, *piece[place:], Stopped("end"))
    assert text_of(events) == "Hi "
    assert [event for event in events if not isinstance(event, TextDelta)] == [*STRUCTURED, Stopped("end")]


def test_a_call_without_a_name_does_not_prevent_recovery():
    ghosts = [ToolCallStart(1, "call_1"), ToolCallDelta(4, "{}")]
    events = through(*ghosts, TextDelta(CALL), Stopped("end"))
    assert events[:3] == [*ghosts, ToolCallStart(5, "call_native_0", "tide")]


@pytest.mark.parametrize("reason", ["end", "stop", "tool_calls"])
def test_a_natural_stop_reason_becomes_tool_calls(reason):
    assert through(TextDelta(CALL), Stopped(reason))[-1] == Stopped("tool_calls")


@pytest.mark.parametrize("reason", ["length", "cut", "filter", "repetition", "some_new_reason"])
def test_another_stop_reason_is_kept(reason):
    events = through(TextDelta(CALL), Stopped(reason))
    assert events[-1] == Stopped(reason)
    assert calls_in(events) == [("tide", {"port": "Keelung"})]


def test_without_a_call_the_stop_reason_is_kept():
    assert through(TextDelta("<tool_call><function=></tool_call>"), Stopped("stop")) == [Stopped("stop")]


def test_calls_are_yielded_once():
    usage = UsageUpdate(Usage(1, 2))
    events = through(TextDelta(CALL), Stopped("end"), usage, TextDelta(CALL), Stopped("end"))
    assert events[2:] == [Stopped("tool_calls"), usage, Stopped("end")]


# Missing end tags


@pytest.mark.parametrize(
    "end", ["</tool_call>", "</function></tool_call>", "</parameter></function></tool_call>"]
)
def test_missing_end_tags_at_the_end_are_accepted(end):
    for cut in (CALL.removesuffix(end), CALL.removesuffix(end) + "\n"):
        assert read(f"Hi {cut}") == read(*f"Hi {cut}") == ("Hi ", [("tide", {"port": "Keelung"})])
        assert calls_in(through(TextDelta(cut))) == [("tide", {"port": "Keelung"})]


@pytest.mark.parametrize("reason", ["length", "cut"])
def test_an_incomplete_call_is_removed_and_earlier_calls_are_recovered(reason):
    text = "<tool_call><function=a></function>"
    for end in range(len("<tool_call>"), CALL.index("</function>") + 1):
        assert read(f"Hi {text}{CALL[:end]}", reason=reason) == ("Hi ", [("a", {})])
        assert read(CALL + CALL[:end], reason=reason) == ("", [("tide", {"port": "Keelung"})])
    assert read('<tool_call>{"name": "a", "arguments": {"x": "b', reason=reason) == ("", [])


def test_a_lone_opening_tag_at_the_end_is_removed():
    assert read("Hi <tool_call>") == read("Hi <tool_call>\n ") == read("Hi <tool_call>\n<func") == ("Hi ", [])


# Text that is not markup

TEXTS = [
    "a <tool_call> b",
    "<tool_call>",
    "<tool_call><b>",
    "<tool_call>\n<function>",
    "<tool_call>[1]</tool_call>",
    "</tool_call>",
    "<function=a></function>",
    "<tool_calls><Tool_call>{}",
    "<tool_call<tool_call >{",
    "<tool_call>" + " " * 100 + "{}",
    "<tool_call><tool_call><tool_cal",
]


@pytest.mark.parametrize("source", TEXTS)
def test_text_that_resembles_markup_is_unchanged(source):
    source += "."
    assert read(source) == read(*source) == (source, [])


def test_an_opening_tag_in_text_does_not_hide_the_next_one():
    for text in ("<tool_call>", "<tool_call> x ", "<tool_", "<tool_call>\n<function"):
        assert read(text + CALL) == read(*(text + CALL)) == (text, [("tide", {"port": "Keelung"})])


def test_only_a_partial_tag_is_held_back():
    markup_filter = ToolCallMarkupFilter()
    pieces = {
        "a <": "a ",
        "tool": "",
        "_c b <": "<tool_c b ",
        "< ": "<< ",
        "<tool_call>": "",
        "\n.": "<tool_call>\n.",
    }
    for piece, text in pieces.items():
        assert text_of(markup_filter.feed(TextDelta(piece))) == text


def test_a_partial_tag_is_text_at_the_end():
    assert through(TextDelta("a <tool"), ReasoningDelta("b <"), Stopped("end")) == [
        TextDelta("a "),
        ReasoningDelta("b "),
        ReasoningDelta("<"),
        TextDelta("<tool"),
        Stopped("end"),
    ]


CODE = [
    f"```xml\n{CALL}\n```",
    f"~~~\n```\n{CALL}\n~~~",
    f"````\n```\n{CALL}\n````",
    f"1. Like this:\n   ```\n   {CALL}\n   ```",
    f"- ```\n  {CALL}\n  ```",
    f"> ```\n> {CALL}\n> ```",
    f"```\n```xml\n{CALL}\n```",
    f"``` {CALL}",
    f"`{CALL}`",
    f"Write `<tool_call>{{}}</tool_call>` or `{CALL}`.",
    f"```\nunfinished\n{CALL}",
]


@pytest.mark.parametrize("source", CODE)
def test_markup_in_code_is_text(source):
    assert read(source) == read(*source) == (source, [])


@pytest.mark.parametrize(
    "before", ["`a` and `b` ", "`\n", "`<tool_call>\n", "```\nx\n```\n", "~~~~\n~~~\n~~~~\n", "```x``` y\n\n"]
)
def test_markup_after_code_is_recognized(before):
    answer = before + CALL
    for place in range(len(answer)):
        assert read(answer[:place], answer[place:]) == (before, [("tide", {"port": "Keelung"})])


def test_markup_over_the_limit_is_text_at_every_split():
    blank = "x" * (tool_call_markup.MAX_MARKUP_CHARS - len("<tool_call>{</tool_call>"))
    max_length, longer = f"<tool_call>{{{blank}</tool_call>", f"<tool_call>{{{blank}x</tool_call>"
    for answer, text in ((max_length + CALL, ""), (longer + CALL, longer)):
        for pieces in (
            [answer],
            pieces_of(answer, range(0, len(answer), 997)),
            [answer[:-90], *answer[-90:]],
        ):
            seen, calls = read(*pieces)
            assert seen == text
            assert calls == [("tide", {"port": "Keelung"})]


def test_the_text_that_is_held_back_is_limited():
    markup_filter = ToolCallMarkupFilter()
    pieces = ["<tool_call><function=a>", *["x" * 1000] * 1000]
    seen = [text_of(markup_filter.feed(TextDelta(piece))) for piece in pieces]
    assert set(seen[:-1]) == {""}
    assert seen[-1] == "".join(pieces)


# Signatures

SIGNED = ReasoningDelta("", "signature")


def test_a_signature_is_kept_and_flushes_a_partial_tag():
    assert through(ReasoningDelta("a <"), SIGNED, ReasoningDelta("tool_call>{}")) == [
        ReasoningDelta("a "),
        ReasoningDelta("<", "signature"),
        ReasoningDelta("tool_call>{}"),
    ]


def test_a_signature_is_kept_if_all_its_text_was_markup():
    events = through(ReasoningDelta(CALL, "signature"), Stopped("end"))
    assert events[0] == SIGNED
    assert calls_in(events) == [("tide", {"port": "Keelung"})]


def test_a_signature_ends_markup_without_an_end():
    events = through(ReasoningDelta(CALL[:-12]), SIGNED, ReasoningDelta("More."), Stopped("end"))
    assert events[:2] == [SIGNED, ReasoningDelta("More.")]
    assert calls_in(events) == [("tide", {"port": "Keelung"})]


# Any events

PLAIN = st.text(
    st.characters(exclude_characters="<", exclude_categories=["Cs"]), max_size=8
) | st.sampled_from(
    ["a < b", "<b>", "<tool_call>.", "</tool_call>", "`<tool_call>{}`\n", "<tool_calls>{}", "<function=a>"]
)
WORD = st.text(max_size=3)
OTHERS = st.one_of(
    st.builds(ModelPreparation, WORD),
    st.builds(Retrying, st.just(2), st.just(5), st.just(0.5), WORD),
    st.builds(ResponseStarted, WORD, WORD),
    st.builds(ToolCallStart, st.integers(0, 3), WORD, WORD),
    st.builds(ToolCallDelta, st.integers(0, 3), WORD),
    st.builds(ToolProgress, st.integers(0), st.just("running")),
    st.just(Annotations(())),
    st.builds(Note, WORD),
    st.builds(UsageUpdate, st.builds(Usage, st.integers(0, 3))),
    st.builds(Stopped, st.sampled_from(["end", "stop", "length"])),
)


def events_of(text):
    return (
        st.builds(TextDelta, text) | st.builds(ReasoningDelta, text, st.sampled_from(["", "", "s"])) | OTHERS
    )


@given(st.lists(events_of(PLAIN)))
def test_events_without_markup_are_forwarded_unchanged(events):
    markup_filter = ToolCallMarkupFilter()
    for event in events:
        (out,) = markup_filter.feed(event)
        assert out is event
    assert list(markup_filter.flush()) == []


@pytest.mark.parametrize("name", ["openai-thinking-text", "openai-parallel-tools", "openai-web-search"])
def test_recorded_streams_without_markup_are_unchanged(name):
    events = list(decode("openai", [(MIMO / f"{name}.sse").read_bytes()]))
    assert through(*events) == events


SNIPPETS = st.sampled_from(
    [*TAGS, "<tool_", "call>", "<", ">", "a", "{", '{"name": "a"}', "}", "\n", " ", '"']
)
SOUP = st.lists(SNIPPETS, max_size=20).map("".join)
CODE_SNIPPETS = SNIPPETS | st.sampled_from(["`", "```", "\n```", "~~~"])
CODED = st.lists(CODE_SNIPPETS, max_size=20).map("".join)


def without_markup(text):
    """Return the text without markup, by one regular expression."""
    return re.sub(
        r"<tool_call>\s*((<function=|\{).*?(</tool_call>|\Z)|(<(f(u(n(c(t(i(o(n)?)?)?)?)?)?)?)?)?\Z)",
        "",
        text,
        flags=re.DOTALL,
    )


@given(SOUP, st.lists(st.integers(0, 100)))
@example("<tool_call><tool_call>{</tool_call>", [])
def test_only_markup_is_removed_from_any_text(text, places):
    assert read(*pieces_of(text, places))[0] == without_markup(text)


@given(CODED, st.lists(st.integers(0, 100)), st.sampled_from([200, 120, 112]))
def test_the_output_does_not_depend_on_packet_boundaries(text, places, max_length):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool_call_markup, "MAX_MARKUP_CHARS", max_length)
        assert read(*text) == read(*pieces_of(text, places)) == read(text)


@given(st.lists(st.builds(TextDelta, CODE_SNIPPETS) | st.builds(ReasoningDelta, CODE_SNIPPETS), max_size=40))
def test_reasoning_and_text_are_scanned_separately(events):
    mixed = through(*events, Stopped("end"))
    for kind in (TextDelta, ReasoningDelta):
        alone = through(*(event for event in events if isinstance(event, kind)), Stopped("end"))
        assert text_of(mixed, kind) == text_of(alone, kind)


# Any calls

NAMES = st.text(st.characters(exclude_characters="<>", exclude_categories=["Cs"]), max_size=6).map(str.strip)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


def speaks_of_markup(value):
    return any(tag in (value if isinstance(value, str) else json.dumps(value)) for tag in TAGS)


def is_json(text):
    try:
        return not isinstance(json.loads(text), str)
    except ValueError:
        return False


STRINGS = (st.text(max_size=12) | SOUP).filter(lambda text: not is_json(text))
ARGUMENTS = st.dictionaries(
    NAMES.filter(bool), (STRINGS | JSON.filter(lambda value: not isinstance(value, str))), max_size=3
).filter(lambda arguments: not any(map(speaks_of_markup, arguments.values())))
CALLS = st.lists(st.tuples(NAMES.filter(bool), ARGUMENTS), min_size=1, max_size=2)
BLANK = st.sampled_from(["", "\n", "\n\n  "])


def written(value, indent):
    return value if isinstance(value, str) else json.dumps(value, indent=indent, ensure_ascii=bool(indent))


@st.composite
def in_tags(draw, calls):
    gap = draw(BLANK)
    lines = "\n" if gap else ""
    indent = draw(st.sampled_from([None, 2]))
    pieces = ["<tool_call>"]
    for name, arguments in calls:
        values = {key: lines + written(value, indent) + lines for key, value in arguments.items()}
        parameters = [f"<parameter={key}>{value}</parameter>" for key, value in values.items()]
        pieces += [f"<function={name}>", *parameters, "</function>"]
    return gap.join([*pieces, "</tool_call>"])


@st.composite
def in_json(draw, calls):
    form = draw(st.sampled_from([lambda arguments: arguments, json.dumps]))
    objects = [json.dumps({"name": name, "arguments": form(arguments)}) for name, arguments in calls]
    return draw(BLANK).join(["<tool_call>", *objects, "</tool_call>"])


@st.composite
def answers(draw):
    """Return replies with their text and their calls."""
    source = text = ""
    made = []
    for calls in draw(st.lists(CALLS, max_size=3)):
        words = draw(st.text(st.characters(exclude_characters="<`~", exclude_categories=["Cs"]), max_size=5))
        source += words + draw(in_tags(calls) | in_json(calls))
        text += words
        made += calls
    return source, text, made


@given(answers(), st.lists(st.integers(0, 300)))
def test_any_written_calls_are_recovered_at_any_split(answer, places):
    source, text, made = answer
    for pieces in (pieces_of(source, places), source):
        seen, calls = read(*pieces)
        assert seen == text
        assert json.dumps(calls) == json.dumps(
            [list(call) for call in made]
        )  # The comparison of JSON distinguishes 1 from True.
