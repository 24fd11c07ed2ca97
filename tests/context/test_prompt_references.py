"""References in a prompt: which names are read, how often, and which text stays literal."""

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from support.as_str import as_str

from mimo_magics.context.prompt_references import Expansion, expand
from mimo_magics.core.messages import TextPart


def expand_text(prompt: str, namespace: Mapping[str, Any]) -> str:
    """Return the prompt with the values of its variables."""
    return expand(prompt, namespace, as_str).text


SEEN: list[tuple[str, ...]] = []
"""Operations on canaries, in order."""


class Canary:
    """An object that records every operation. Its attributes and items are canaries too."""

    def __getattribute__(self, name: str) -> Any:
        SEEN.append(("attribute", name))
        return Canary()

    def __getitem__(self, key: Any) -> Any:
        SEEN.append(("item", repr(key)))
        return Canary()

    def __str__(self) -> str:
        SEEN.append(("str",))
        return "tweet {c} {c.x}"


def recorded(name: str) -> Any:
    def method(self: Canary, *arguments: Any) -> Any:
        SEEN.append((name, *map(str, arguments)))
        raise AssertionError(name)

    return method


FORBIDDEN = """
    __repr__ __format__ __call__ __iter__ __next__ __len__ __bool__ __eq__ __ne__ __lt__ __hash__ __contains__ __int__
    __index__ __float__ __bytes__ __add__ __radd__ __mod__ __rmod__ __setattr__ __delattr__ __setitem__ __delitem__
    __dir__ __enter__ __exit__ __reversed__ __fspath__ __await__ __get__ __copy__ __reduce_ex__
"""
for forbidden in FORBIDDEN.split():
    setattr(Canary, forbidden, recorded(forbidden))


class Namespace(Mapping[str, Any]):
    """A namespace that records which names are read."""

    def __init__(self, **variables: Any) -> None:
        self.variables = variables
        self.names: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.names.append(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError

    def __len__(self) -> int:
        raise AssertionError


@pytest.fixture(autouse=True)
def _no_records() -> None:
    SEEN.clear()


@pytest.mark.parametrize(
    ("reference", "done"),
    [
        ("{c}", [("str",)]),
        ("{c.x}", [("attribute", "x"), ("str",)]),
        ("{c[0]}", [("item", "0"), ("str",)]),
        ("{c[-12]}", [("item", "-12"), ("str",)]),
        ('{c["a b"]}', [("item", "'a b'"), ("str",)]),
        ("{c['']}", [("item", "''"), ("str",)]),
        ("{c['0']}", [("item", "'0'"), ("str",)]),
        ("{c['a.b[0]']}", [("item", "'a.b[0]'"), ("str",)]),
        (
            "{c.x[0]['k']._y.z}",
            [
                ("attribute", "x"),
                ("item", "0"),
                ("item", "'k'"),
                ("attribute", "_y"),
                ("attribute", "z"),
                ("str",),
            ],
        ),
        ("{c.名字}", [("attribute", "名字"), ("str",)]),
    ],
)
def test_a_reference_reads_its_attributes_and_items_once_and_nothing_else(
    reference: str, done: list[tuple[str, ...]]
) -> None:
    assert expand_text(f"<{reference}>", {"c": Canary()}) == "<tweet {c} {c.x}>"
    assert done == SEEN


@pytest.mark.parametrize(
    "text",
    [
        "{c.__class__}",
        "{c.x.__dict__}",
        "{c.__x}",
        "{c['k'].__init__.__globals__['k']}",
        "{__c}",
        "{__}",
        "{c()}",
        "{c.x()}",
        "{c[x]}",
        "{c[0:1]}",
        "{c[:]}",
        "{c[1.0]}",
        "{c[+1]}",
        "{c[None]}",
        "{c[0][c]}",
        "{c[f'x']}",
        "{c['a' 'b']}",
        "{c['a\\'b']}",
        "{c['{}']}",
        "{c!r}",
        "{c!s}",
        "{c:}",
        "{c:>10}",
        "{c.x:.2f}",
        "{c=}",
        "{c + c}",
        "{c or 1}",
        "{c, c}",
        "{*c}",
        "{ c}",
        "{c }",
        "{c. x}",
        "{c [0]}",
        "{c\n}",
        "{.c}",
        "{c.}",
        "{c.0}",
        "{0}",
        "{}",
        "{c",
        "c}",
        "{{c}}",
        "{{{c}}}",
        "{{c.x[0]}}",
        "${c}",
        "${c.map({c})}",
        "${{c}}",
        r"\mathbb{c}",
        r"\frac{c}{c}",
        r"\frac{\sqrt[c]{c}}{c}^{c}_{c}",
        r"\section*{c {c}}",
        "$c^{c}$",
        r"$\alpha {c}$",
        "$$c_{c}$$",
        "$$\n{c}\n$$",
        r"\(c_{c}\)",
        "\\[\n{c} \\\\[1pt]\n{c}\n\\]",
    ],
)
def test_literal_text_reads_nothing(text: str) -> None:
    namespace = Namespace(c=Canary(), __c=Canary(), __=Canary())
    assert expand_text(text, namespace) == text
    assert (namespace.names, SEEN) == ([], [])


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("f\"{n}\" and f'{n}'", "f\"7\" and f'7'"),
        ("for x in {n}:\n    s = {n}", "for x in 7:\n    s = 7"),
        ('{"n": {n}}', '{"n": 7}'),
        ("{{n}", "{7"),
        ("{n}}", "7}"),
        ("{{n}, {n}}", "{7, 7}"),
        ("x_{n}, x^{n}, [0-9]{n}", "x_7, x^7, [0-9]7"),
        (r"C:\{n}\x_{n}", r"C:\7\x_7"),
        (r"\sum_{n}", r"\sum_7"),
        ("from $5 to ${n} or {n}$", "from $5 to ${n} or 7$"),
        ("$x_{n}$", "$x_7$"),
        ("$x^2$ {n} $y^2$", "$x^2$ 7 $y^2$"),
        ("$5 {n}\n^ $6", "$5 7\n^ $6"),
        (r"\$x^{n}$", r"\$x^7$"),
        ("$$ {n}", "$$ 7"),
        ("$$ {n}\n\n{n} $$", "$$ 7\n\n7 $$"),
        (r"\({n}", r"\(7"),
        (r"\\({n}\\)", r"\\(7\\)"),
        (r"\frac{n}{{n}", r"\frac{n}{7"),
        (r"\frac {n}", r"\frac 7"),
    ],
)
def test_a_defined_name_is_replaced_everywhere_else(text: str, expanded: str) -> None:
    assert expand_text(text, {"n": 7}) == expanded


def test_each_occurrence_is_read_once() -> None:
    namespace = Namespace(a=1, b=SimpleNamespace(x=2))
    assert expand_text("{a}{a} {b.x} {c} {{a}} {a", namespace) == "11 2 {c} {{a}} {a"
    assert namespace.names == ["a", "a", "b", "c"]


def test_each_reference_reads_the_value_again() -> None:
    class Counter:
        count = 0

        @property
        def next(self) -> int:
            self.count += 1
            return self.count

    assert expand_text("{c.next} {c.next} {c.next}", {"c": Counter()}) == "1 2 3"


def test_references_in_a_value_are_not_replaced() -> None:
    variables = {"a": "{b}", "b": "{a} {{a}}", "c": r"\1 \g<0> {", "d": "d}"}
    assert expand_text("{a}", variables) == "{b}"
    assert expand_text("{b}", variables) == "{a} {{a}}"
    assert expand_text("{c}{d}", variables) == r"\1 \g<0> {d}"
    assert expand_text("{c}b}", variables) == r"\1 \g<0> {b}"
    assert expand_text("{{a}{a}}", variables) == "{{b}{b}}"
    assert expand_text("{{a}}", variables) == "{{a}}"


def test_the_values_are_returned_with_their_references() -> None:
    rows = [{"x": 1}]
    assert expand("{rows[0]['x']} {y} {rows}", {"rows": rows}, as_str) == Expansion(
        (as_str("rows[0]['x']", 1), TextPart(" {y} "), as_str("rows", rows)), ((15, "{y}"),)
    )


def test_a_value_is_converted_by_str() -> None:
    class Both:
        def __str__(self) -> str:
            return "str"

        def __repr__(self) -> str:
            return "repr"

        def __format__(self, _: str) -> str:
            return "format"

    class Loud(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "LOUD"

    values = {"both": Both(), "none": None, "text": "'x'", "loud": Loud("quiet"), "list": ["x"]}
    assert expand_text("{both} {none} {text} {loud} {list}", values) == "str None 'x' LOUD ['x']"


@pytest.mark.parametrize(
    "error", [AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError, StopIteration]
)
def test_a_reference_that_fails_stays_as_typed(error: type[Exception]) -> None:
    class Fails:
        @property
        def attribute(self) -> None:
            raise error

        def __getitem__(self, key: object) -> None:
            raise error

        def __str__(self) -> str:
            raise error

    text = "{v} {v.attribute} {v.nope} {v[0]} {v['x']} {n}"
    assert expand_text(text, {"v": Fails(), "n": 1}) == text.replace("{n}", "1")


def test_a_reference_with_an_invalid_str_stays_as_typed() -> None:
    class NoText:
        def __str__(self) -> str:
            return None  # noqa: PLE0307  on purpose

    assert expand_text("{v}", {"v": NoText()}) == "{v}"


def test_an_interrupt_is_raised() -> None:
    class Interrupts:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        expand_text("{v}", {"v": Interrupts()})


def test_an_index_of_any_length_is_an_index() -> None:
    digits = "9" * 10_000
    assert expand_text(f"{{r[{digits}]}} {{r[00]}}", {"r": "x"}) == f"{{r[{digits}]}} x"


REFERENCE = re.compile(r"""\{[a-z]+((?:\.[a-z]+|\[\d+\]|\["[a-z]*"\]|\['[a-z]*'\])*)\}""")


def reference_model(prompt: str, values: Mapping[str, Any]) -> str:
    """Expand by the documented rule, position by position, without a bound on time."""
    expanded, at = "", 0
    while at < len(prompt):
        end = literal_end(prompt, at)
        reference = REFERENCE.match(prompt, at)
        if end == at and reference:
            end = reference.end()
            try:
                expanded += str(eval(reference[0][1:-1], {"__builtins__": {}}, dict(values)))
            except (NameError, AttributeError, TypeError, LookupError):
                expanded += reference[0]
        else:
            end = max(end, at + 1)
            expanded += prompt[at:end]
        at = end
    return expanded


def literal_end(prompt: str, at: int) -> int:
    """Return the end of the literal text that begins here, or `at` if none begins."""
    before, rest = prompt[at - 1 : at], prompt[at:]
    if command := re.match(r"\\[A-Za-z]+\*?", rest):
        return groups_end(prompt, at + command.end()) or at
    if before != "\\":
        for opening, closing in (("$$", "$$"), (r"\(", r"\)"), (r"\[", r"\]")):
            if rest.startswith(opening) and (end := math_end(prompt, at + 2, opening, closing)):
                return end
        line = rest.partition("\n")[0]
        inline = re.match(r"\$((?:[^$\\]|\\.)+)\$(?!\{)", line)
        if inline and {"\\", "^"} & set(inline[1]):
            return at + inline.end()
    if rest.startswith("${"):
        return group_end(prompt, at + 1) or at
    if (
        rest.startswith("{{")
        and (reference := REFERENCE.match(rest, 1))
        and rest[reference.end() :][:1] == "}"
    ):
        return at + reference.end() + 1
    return at


def groups_end(prompt: str, at: int) -> int:
    end = 0
    while start := re.compile(r"(?:\[[^\[\]\n]*\])?(?=\{)").match(prompt, at):
        group = group_end(prompt, start.end())
        if not group:
            break
        end = group
        at = end + (prompt[end : end + 1] in ("_", "^") and end < len(prompt))
    return end


def group_end(prompt: str, at: int) -> int:
    depth = 0
    while at < len(prompt):
        depth += {"{": 1, "}": -1}.get(prompt[at], 0)
        if depth > MAX_DEPTH:
            return 0
        at += 2 if prompt[at] == "\\" else 1
        if depth == 0:
            return at if at <= len(prompt) else 0
    return 0


def math_end(prompt: str, at: int, opening: str, closing: str) -> int:
    while at < len(prompt):
        pair = prompt[at : at + 2]
        if pair == closing:
            return at + 2
        if pair == opening or re.compile(r"\n[ \t]*\n").match(prompt, at):
            return 0
        at += 2 if pair[0] == "\\" else 1
    return 0


MAX_DEPTH = 7
CHARACTERS = "{}[]()$\\'\" \n:_^,abn中🙂"
FRAGMENTS = r"""
    {{ }} {a} {a} {a} {{a}} {a.b[0]['k']} {a["b"]} {b} {b a} {c} f' \a \frac \frac{ \frac{a} {a}{b} \( \) \[ \] $$ ${ ${a}
    $x^{a}$ $x$ x^ _{a} [b]{a} \\ \$ {a:> {a} {a} $ $ ^ ^
"""
PROMPTS = st.lists(st.sampled_from([*CHARACTERS, *FRAGMENTS.split()]), max_size=30).map("".join)
PLAIN = st.text(st.characters(categories=["L", "N", "Z"], include_characters=".,:;!?()-\n中🙂"), max_size=20)


@given(st.text() | PROMPTS)
def test_text_without_a_defined_name_is_returned_as_it_is(text: str) -> None:
    assert expand_text(text, {}) == text
    assert expand_text(text, {"undefined": "wrong"}) == text


@given(PROMPTS)
@example("${a^2} {a} ${a^2}")
@example("$a^2$ {a} $b^2$")
@example("$a^${a}")
@example("\\frac{" * MAX_DEPTH + "{a}" + "}" * MAX_DEPTH)
def test_a_prompt_is_expanded_as_by_the_reference_model(prompt: str) -> None:
    values = {"a": SimpleNamespace(b=[{"k": "{b}"}]), "b": "$x^"}
    assert expand_text(prompt, values) == reference_model(prompt, values)


@given(st.text(), st.text())
def test_any_value_is_inserted_unchanged(one: str, two: str) -> None:
    assert expand_text("<{one}|{two}{one}>", {"one": one, "two": two}) == f"<{one}|{two}{one}>"


@given(
    st.lists(PLAIN | st.sampled_from(["a", "b"]).map(lambda name: (name,)), max_size=10), st.text(), st.text()
)
def test_references_in_plain_text_and_nothing_else_are_replaced(parts: list[Any], a: str, b: str) -> None:
    prompt = "".join(part if isinstance(part, str) else f"{{{part[0]}}}" for part in parts)
    values = {"a": a, "b": b}
    assert expand_text(prompt, values) == "".join(
        part if isinstance(part, str) else values[part[0]] for part in parts
    )


OPENINGS = r"""
    { {a. {a[ {a[" {a['x'][" {{a {{a} {{{a}}} {a[0] {a.b[0]['c'] } {} {{ {{} [ [a- [a-] [^ ^{ x^{ x^{}_ _{
    $ $$ $x $5x $x$y $^ $^x $\x $^$ $\$ $x\$^ $1, ${ ${a ${{ ${a^ \( \(\\( \(\[ \[ \[\\[ \\[ \ \\ \a \a[ \a[] \][ \a{
    \a{{} \a{}{ \a{}_{ \a{}[ \a*{ \a{\{ \frac{a}{ \"{a
"""
WITH_SPACES = ["\n", "\n ", "$\n", "$a \n", "$^ \n", "$1 ", "$5 {na", "\\(\n ", "$$\n "]
"""Openings that are never closed. Each is repeated up to 100,000 characters."""


@pytest.mark.parametrize("openings", [*OPENINGS.split(), *WITH_SPACES])
@pytest.mark.parametrize("start", ["", "{a['", "$", "$^", "\\a{", "\\(", "$$", "${"])
def test_a_long_row_of_openings_takes_linear_time(openings: str, start: str) -> None:
    text = start + openings * (100_000 // len(openings))
    assert len(expand_text(text, {})) <= len(text)


def test_long_names_paths_and_keys_take_linear_time() -> None:
    name, path, key = "n" * 100_000, ".x" * 50_000, "k" * 100_000
    assert expand_text(f"{{{name}}} {{{name} {{{name}x}}", {name: 1}) == f"1 {{{name} {{{name}x}}"
    assert expand_text(f"{{a{path}}} {{a{path}", {"a": 1}) == f"{{a{path}}} {{a{path}"
    assert expand_text(f"{{a['{key}']}} {{a['{key}", {"a": {key: 2}}) == f"2 {{a['{key}"
