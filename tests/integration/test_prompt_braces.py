"""Typical prompts, sent through a real shell to a server: which braces are replaced, and which are not."""

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from support.as_str import as_str
from support.peer import KEY, Peer

from mimo_magics.context.prompt_references import expand


def expand_text(prompt: str, namespace: Mapping[str, Any]) -> str:
    """Return the prompt with the values of its variables."""
    return expand(prompt, namespace, as_str).text


class Frame:
    """A stand-in for a pandas data frame."""

    columns = ("city", "people")
    shape = (2, 2)

    def __str__(self) -> str:
        return "  city  people\n0 Bern   134k\n1 Łódź   658k"

    def __getitem__(self, column: str) -> list[str]:
        return {"city": ["Bern", "Łódź"], "people": ["134k", "658k"]}[column]


VARIABLES: dict[str, Any] = {
    "name": "Ada",
    "first": "Grace",
    "second": "Hopper",
    "n": 7,
    "a": "A?",
    "b": "B?",
    "c": "C?",
    "i": "I?",
    "o": "O?",
    "x": "X?",
    "y": "Y?",
    "id": 42,
    "df": Frame(),
    "rows": [{"x": 1, "the key": 2}, {"x": 3}],
    "source": "def f(x):\n    return {x}",
    "trick": "{name} {{name}} $x$",
    "nothing": None,
    "empty": "",
    "config": SimpleNamespace(host="example.org", ports=[80, 443], _own="mine"),
    "名字": "小米",
    "größe": 3.5,
    "_": "the last output",
    "price": 9.5,
    "user": {"id": 5, "tags": ["new", "vip"], "naïve key": "ok"},
}

EXPANDED = [
    # prose
    ("{name}", "Ada"),
    ("Who was {name}?", "Who was Ada?"),
    ("{name}, {name} and {name}", "Ada, Ada and Ada"),
    ("{first}{second}", "GraceHopper"),
    ("{first} {second}'s compiler", "Grace Hopper's compiler"),
    ("({name})", "(Ada)"),
    ("[{name}]", "[Ada]"),
    ("<{name}>", "<Ada>"),
    ('"{name}"', '"Ada"'),
    ("'{name}'", "'Ada'"),
    ("‘{name}’ “{name}” «{name}»", "‘Ada’ “Ada” «Ada»"),
    ("`{name}`", "`Ada`"),
    ("**{name}** _{name}_ ~~{name}~~", "**Ada** _Ada_ ~~Ada~~"),
    ("# {name}\n\n- {first}\n- {second}", "# Ada\n\n- Grace\n- Hopper"),
    ("Dear {name},\n\nit's {n}:{n}.\n\n\nYours", "Dear Ada,\n\nit's 7:7.\n\n\nYours"),
    ("Don't tell {name} it's {n} o'clock", "Don't tell Ada it's 7 o'clock"),
    ("if '{name}' is of {name}'s", "if 'Ada' is of Ada's"),
    ("half of {n}% is #{n} or @{name}", "half of 7% is #7 or @Ada"),
    ("你好，{name}！", "你好，Ada！"),
    ("{名字}的用户有{n}个", "小米的用户有7个"),
    ("请总结以下内容：\n{df}\n谢谢", f"请总结以下内容：\n{VARIABLES['df']}\n谢谢"),
    ("「{名字}」（{größe} 米）", "「小米」（3.5 米）"),
    ("Größe: {größe}", "Größe: 3.5"),
    ("🙂{name}🙃{n}️⃣", "🙂Ada🙃7️⃣"),
    ("{nothing}|{empty}|", "None||"),
    ("{_}", "the last output"),
    ("{trick}", "{name} {{name}} $x$"),
    ("{trick}{name}", "{name} {{name}} $x$Ada"),
    # attributes and items
    ("Columns: {df.columns}", 'Columns: ["city", "people"]'),
    ('{df["city"]} {df["people"][-1]}', '["Bern", "Łódź"] 658k'),
    ("{df.shape[0]} rows", "2 rows"),
    ('{rows[0]["x"]} and {rows[-1]["x"]}', "1 and 3"),
    ("{rows[0]['the key']}", "2"),
    ("{config.host}:{config.ports[1]}", "example.org:443"),
    ("{config._own}", "mine"),
    ("{user['tags'][0]}, {user['naïve key']}", "new, ok"),
    ("{rows}", '[{"x": 1, "the key": 2}, {"x": 3}]'),
    # files, addresses
    ("prefix_{n}.png", "prefix_7.png"),
    ("data/{name}/{n}.csv", "data/Ada/7.csv"),
    (r"C:\data_{n}.csv", r"C:\data_7.csv"),
    (r"C:\Users\{name}\file_{n}.txt", r"C:\Users\Ada\file_7.txt"),
    ("C:\\\\Users\\\\{name}", "C:\\\\Users\\\\Ada"),
    (r"\\server\{name}", r"\\server\Ada"),
    ("https://host/{id}/x", "https://host/42/x"),
    ("https://{config.host}/a?name={name}&n={n}#{id}", "https://example.org/a?name=Ada&n=7#42"),
    ("{name}@{config.host}", "Ada@example.org"),
    ("/users/{id}/posts/{n}", "/users/42/posts/7"),
    # money
    ("$5 and {name} for $6", "$5 and Ada for $6"),
    ("It costs $ {price} or US$ {price}", "It costs $ 9.5 or US$ 9.5"),
    ("{price}$ for {name}, {price}$ for me", "9.5$ for Ada, 9.5$ for me"),
    ("$5 for {name} (in US$)", "$5 for Ada (in US$)"),
    ("$1.5M {name} A$", "$1.5M Ada A$"),
    ("from $10 to {price}$\n\nor $x", "from $10 to 9.5$\n\nor $x"),
    ("100$，{name}，200$", "100$，Ada，200$"),
    ("$5美元{name}，或者HK$", "$5美元Ada，或者HK$"),
    ("US$/{name}/HK$", "US$/Ada/HK$"),
    (r"\$x {name} \$", r"\$x Ada \$"),
    ("€{price} £{n} ¥{n}", "€9.5 £7 ¥7"),
    # shells
    ("echo $HOME/{name} and $PATH", "echo $HOME/Ada and $PATH"),
    ("PATH=$HOME/{name}:$PATH", "PATH=$HOME/Ada:$PATH"),
    ("$(date)_{name}_$(hostname).log", "$(date)_Ada_$(hostname).log"),
    ("cp {source[0]} $TARGET && echo $?", "cp d $TARGET && echo $?"),
    ("grep '^{name}$' {name}.txt", "grep '^Ada$' Ada.txt"),
    ("for f in {name}_*.txt; do cat $f; done", "for f in Ada_*.txt; do cat $f; done"),
    # code
    ("```python\n{source}\n```", "```python\ndef f(x):\n    return {x}\n```"),
    ("```\n{df}\n```\nWhat is {name}?", f"```\n{VARIABLES['df']}\n```\nWhat is Ada?"),
    ("{source}", "def f(x):\n    return {x}"),
    ('print("{name}")', 'print("Ada")'),
    ('r"{name}" b"{name}" u"{name}"', 'r"Ada" b"Ada" u"Ada"'),
    ('diff"{name}"', 'diff"Ada"'),
    ('f"x" + "{name}"', 'f"x" + "Ada"'),
    ("f'{x}' {name} f\"{x}\"", "f'X?' Ada f\"X?\""),
    ('f"{x}\n{name}', 'f"X?\nAda'),
    ("f'''{x}''' + '''{name}'''", "f'''X?''' + '''Ada'''"),
    ('print(f"Hello {name}, you are {n} years old")', 'print(f"Hello Ada, you are 7 years old")'),
    ('f"{x["a"]} {name}"', 'f"{x["a"]} Ada"'),
    ("'{x:>{n}}'.format(x=x)", "'{x:>7}'.format(x=x)"),
    ("{:{n}} {n!r:>{n}.{n}f}", "{:7} {n!r:>7.7f}"),
    ('{"code": "print(f\\"{name}\\")"}', '{"code": "print(f\\"Ada\\")"}'),
    ("re.sub('[0-9]{n}', x)", "re.sub('[0-9]7', x)"),
    ("const {name} = x", "const Ada = x"),
    ("f'(x) at {n} and f'(y)", "f'(x) at 7 and f'(y)"),
    ("f'(x) = {n}, it's f''(x)", "f'(x) = 7, it's f''(x)"),
    ("f' = {n} and g' = {n}", "f' = 7 and g' = 7"),
    ('use "f" and {name} "here"', 'use "f" and Ada "here"'),
    ("use 'f' and {name} 'here'", "use 'f' and Ada 'here'"),
    ('("m", "f", "{name}")', '("m", "f", "Ada")'),
    ('{"name": "{name}", "n": {n}}', '{"name": "Ada", "n": 7}'),
    ('{"a": {"b": {n}}}', '{"a": {"b": 7}}'),
    (r'"{\"name\": \"{name}\"}"', r'"{\"name\": \"Ada\"}"'),
    ("SELECT * FROM t WHERE id = {id}", "SELECT * FROM t WHERE id = 42"),
    ("SELECT \"{name}\" FROM '{name}'", "SELECT \"Ada\" FROM 'Ada'"),
    ("key: {name}\nother: [{first}, {second}]", "key: Ada\nother: [Grace, Hopper]"),
    ("name,n\n{name},{n}", "name,n\nAda,7"),
    ("| {name} | {n} |\n|---|---|", "| Ada | 7 |\n|---|---|"),
    ("- old {name}\n+ new {first}", "- old Ada\n+ new Grace"),
    ("<p class='x'>{name}</p>", "<p class='x'>Ada</p>"),
    ("[link](https://x/{id} '{name}')", "[link](https://x/42 'Ada')"),
    (r"See \cite{x} by {name}", r"See \cite{x} by Ada"),
    (r"$x_{n}$ {name} $y^{n}$", r"$x_7$ Ada $y^{n}$"),
    (r"10^{n} is \sum_{i}, not \frac{n}{i}", r"10^7 is \sum_I?, not \frac{n}{i}"),
    ("the $x_{n}$, the $y_{n}$", "the $x_7$, the $y_7$"),
    ("\\begin{align*}\n  x_{n} &= y\n\\end{align*}", "\\begin{align*}\n  x_7 &= y\n\\end{align*}"),
    (r"M\"{o}bius \c{c}", r"M\"O?bius \c{c}"),
    ("`${x}` and {name}", "`${x}` and Ada"),
    # a set or a block with the form of a reference
    ("{x}", "X?"),
    ("s = {x}", "s = X?"),
    ("[]string{name}", "[]stringAda"),
    ("bibtex author={name}", "bibtex author=Ada"),
    # braces that are not balanced
    ("{{name}", "{Ada"),
    ("{name}}", "Ada}"),
    ("{ {name}", "{ Ada"),
    ("{name", "{name"),
    ("}{name}{", "}Ada{"),
    ("{{x}, {y}}", "{X?, Y?}"),
    ("{(name} {name}", "{(name} Ada"),
    ("{name{name}}", "{nameAda}"),
    ("\\", "\\"),
    ("{name}\\", "Ada\\"),
]
"""Pairs of a prompt and the text that the server receives."""

LITERAL = [
    # JSON and similar text
    '{"a": {"b": 1}}',
    '{"name": "x", "list": [{}, {"n": 7}]}',
    '{\n  "name": {\n    "first": 1\n  }\n}',
    '[{"a":1},{"b":2}]',
    '{"a":{"b":{"c":{}}}}',
    "{'a': 1}",
    "{name: 1, n: 2}",
    "{name, n}",
    "{1, 2}",
    "{}",
    "{{}}",
    "{ }",
    "}}",
    "{{",
    "}{",
    "{'name'}",
    "{1}",
    "{0.name}",
    # braces without a valid reference
    "{ name }",
    "{name }",
    "{name!r}",
    "{n:.2f}",
    "{name()}",
    "{df.head()}",
    "{rows[0:1]}",
    "{rows[n]}",
    "{rows[name]}",
    "{rows[]}",
    "{rows[1.5]}",
    "{n + 1}",
    "{n+1}",
    "{-n}",
    "{not n}",
    "{*rows}",
    "{name.}",
    "{.name}",
    "{name..x}",
    "{name[0}",
    "{name]}",
    "{name=}",
    "{1name}",
    "{name-x}",
    "{name?}",
    "{name\n}",
    "{name;}",
    "{first second}",
    "{x.__class__}",
    "{x.a.__dict__}",
    "{__name__}",
    "{__}",
    "{x.__class__.__mro__[1]}",
    '{user["a\\"b"]}',
    '{user["{name}"]'.replace("{name}", "{}"),
    # other code of Python
    "d = {k: v for k, v in x.items()}",
    "s = {x for x in rows if x}",
    "s = {1, 2, *x}",
    "def f():\n    return {'a': n, **kwargs}",
    "{**a, **b}",
    "'{:>10} {0} {}'.format(x, y)",
    "'%(name)s' % {'name': x}",
    "string.Template('${name} $name')",
    "match d:\n    case {'x': x}:\n        pass",
    # LaTeX
    r"\frac{a}{b}",
    r"\frac{a}{b}{c}",
    r"\sqrt{x}",
    r"\sqrt[n]{x}",
    r"\frac{\sqrt{a}}{b}",
    r"\frac{x^{n}}{\frac{a}{\sqrt{b}}}",
    r"\textbf{name}",
    r"\textbf{Dear {name}}",
    r"\section*{name}",
    r"\begin{x} \end{x}",
    r"\usepackage[utf8]{name}",
    r"\newcommand{\x}[1]{a}",
    r"\begin{tabular}{c}",
    r"\cite{a}, \ref{b}, \label{c}",
    r"\mathbb{x}_{n}^{i}",
    "$\\{x\\} {n}$",
    "$x^{n}$th, the $y_{n}^2$",
    "$x^{n}$的值",
    "${x}^{n}$",
    "$2 x^{n} = {y}$",
    "$ a^{n} $",
    r"\frac{\textbf{{n}}}{{{n}}}",
    "$$x_{n}$$",
    "$$\n{x}_{n} = {y}\n$$",
    "$$ a_{n} $ b_{n} $$",
    r"$$\text{costs \$5 {n}}$$",
    r"\(x_{n}\)",
    r"\(a, {x}\) and \({y}\)",
    r"\[x_{n} = {y}\]",
    "\\[\n  x_{n} \\\\[2pt]\n  y_{n}\n\\]",
    # regular expressions
    r"\d{n}",
    r"\d{n}-\w{n}[a-z]{n}",
    r"a{2}b{2,3}c{,4}d{5,}",
    "re.compile(r'\\d{n}')",
    '{"pattern": "\\\\d{n}"}',
    # templates
    "{{ name }}",
    "{{ name | upper }}",
    "{%- if name -%}{{ name }}{% endif %}",
    "{# name #}",
    "{{name|upper}}",
    "{{name }}",
    "{{.Values.name}}",
    "{{ .Values.name }}",
    "{{- range .Values.x }}\n{{ . }}\n{{- end }}",
    "{{#each rows}}{{/each}}",
    "{{> name}}",
    "{{name}}",
    "{{undefined}}",
    "{{df.columns}}",
    '{{rows[0]["x"]}}',
    "{{first}}{{second}}",
    "{{名字}}",
    "{{name}}}",
    "{ {{name}} }",
    "use std::{{x}};",
    "{{name}} {{ name }} {{}}",
    "{{{name}}}",
    "{{{{name}}}}",
    "{{n:.2f}}",
    "${{ github.ref }}",
    "${{github.ref}}",
    "{{__name__}}",
    "<%= name %> #{ name } @{ name }",
    # shells and template strings
    "${name}",
    "echo ${name} ${n}",
    'echo "${name}/x" "${n}"',
    "${name:-x} ${#name} ${name%.txt} ${name//a/b}",
    "`Hello ${name}, ${n} ${rows[0]}`",
    "`${x.map(({id}) => id)}`",
    r"\${name}",
    "$${name}",
    "cp file.{txt,md} {1..9} {a..b}",
    "awk '{print $1}' | awk '{ x += $1 } END { print x }'",
    "find . -exec rm {} \\;",
    "f() { echo $1; }",
    'x = [${name}]\nresource "a" "b" {\n  n = var.x\n}',
    # other languages
    "function f() { return { a: 1 }; }",
    "const {name, n} = x;",
    "const { name } = x;",
    "import { name } from 'x';",
    "if (x) { y(); } else { z(); }",
    "() => ({})",
    "interface A { name: string; n?: number }",
    "type A = { [name: string]: n };",
    "<div style={{color: 'red'}} on={() => f()} />",
    "a { color: red; } .b{margin:0}",
    "@media (max-width: 1px) { a { b: c } }",
    "int main(void) { int x[] = {1, 2}; return 0; }",
    "struct a { int x; };",
    "for (int i = 0; i < n; i++) { x[i]++; }",
    "int m[2][2] = {{1, 0}, {0, 1}};",
    'fn main() { println!("{} {:?} {0}", x); }',
    "match x { Some(y) => {} None => {} }",
    "let a = A { x, ..b };",
    'func main() { x := map[string]int{"a": 1} }',
    "type T struct{}\nvar x interface{}",
    "x := []int{1, 2}",
    "SELECT '{\"a\": 1}'::jsonb, ARRAY['{1,2}']",
    "DO $$ BEGIN PERFORM {x}; END $$",
    "public class A { private int x; }",
    "x <- function(a) { a }",
    "a: {b: 1, c: {d: e}}",
    "- {name: x, value: 1}",
    "@article{a, title = {A Title}, year = {2024}}",
    'digraph { a -> b [label="x"] }',
    "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{ a }\n+{ b }",
    'a,b\n"{1}",{}',
    "{count, plural, one {# x} other {# y}}",
    "/users/{user-id}/{name*}{?a,b}",
    "Set-Item @{ a = 1 }; { $_.name }",
    # prose
    "",
    "Nothing here.",
    "A set {1, 2} and {red, green}",
    "{…} {?} {!} {🙂} {a b} { }",
    "集合{1，2}和{红、绿}",
    ":-{ :-} {-: }-:",
    "{" * 50,
    "}" * 50,
    "{}" * 50,
]
"""Prompts that are sent as typed, whatever names are defined."""

UNKNOWN = [
    "Hello {undefined}",
    "{undefined.x} {undefined[0]}",
    "你好{无名}",
    "{name.nope}",
    "{name.upper.nope}",
    "{rows[9]}",
    "{rows[-9]}",
    '{rows[0]["nope"]}',
    '{rows["x"]}',
    "{n[0]}",
    "{nothing.x}",
    "{user.id}",
    "{df['nope']}",
    "{rows[99999999999999999999999]}",
    "{Name} {NAME}",
    "{return} {print} {None} {True}",
    "import {useState} from 'react'",
    "{undefined}{undefined}",
    '{user["{undefined}"]}',
]
"""References to undefined names and missing attributes or items. They stay as typed."""

TEMPLATES = [
    ("{name} is {{name}}", "Ada is {{name}}"),
    ("({{n}}, {n})", "({{n}}, 7)"),
    ('"{{name}}".format(name={name})', '"{{name}}".format(name=Ada)'),
    ("{% if x %}{{x}}{% endif %} {name}", "{% if x %}{{x}}{% endif %} Ada"),
]
"""Templates with references beside them."""

TABLE = [*EXPANDED, *((prompt, prompt) for prompt in LITERAL + UNKNOWN), *TEMPLATES]


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def loaded() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "mimo_magics")
    yield shell
    shell.run_line_magic("unload_ext", "mimo_magics")


@pytest.fixture
def shell(
    loaded: InteractiveShell,
    server: Peer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> InteractiveShell:
    """A shell with the variables, which sends prompts to the test server. Its output is captured."""
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    loaded.run_line_magic("mimo_config", f"base_url={server.url}/v1")
    loaded.user_ns.update(VARIABLES)
    return loaded


@pytest.fixture
def sent(server: Peer) -> Callable[[], str]:
    """Return the last prompt that the server received."""
    return lambda: server.requests[-1].body["messages"][-1]["content"]


def test_the_table_is_long_and_has_no_duplicates() -> None:
    prompts = [prompt for prompt, _ in TABLE]
    assert len(prompts) >= 250
    assert len(set(prompts)) == len(prompts)


@pytest.mark.parametrize(("prompt", "text"), [row for row in TABLE if row[0].strip()])
def test_the_server_receives_the_values_and_every_other_brace(
    shell: InteractiveShell, sent: Callable[[], str], prompt: str, text: str
) -> None:
    shell.run_cell_magic("mimo", "--no-history", prompt)
    assert sent() == text


class Everything(dict[str, Any]):
    """A namespace in which every name is defined."""

    def __missing__(self, name: str) -> str:
        return f"<{name}>"


@pytest.mark.parametrize("prompt", LITERAL)
def test_literal_text_does_not_change_although_every_name_is_defined(prompt: str) -> None:
    assert expand_text(prompt, Everything()) == prompt


@pytest.mark.parametrize("prompt", LITERAL)
def test_literal_text_does_not_affect_the_paragraphs_around_it(prompt: str) -> None:
    assert expand_text(f"{{name}}\n\n{prompt}\n\n{{name}}", VARIABLES) == f"Ada\n\n{prompt}\n\nAda"


@pytest.mark.parametrize("prompt", ["{name} {{n}} ${x} \\frac{a}{b}", "{{name}}", "{source}", "{"])
def test_raw_sends_every_brace_as_typed(
    shell: InteractiveShell, sent: Callable[[], str], prompt: str
) -> None:
    shell.run_cell_magic("mimo", "--no-history --raw", prompt)
    assert sent() == prompt
    shell.run_line_magic("mimo", f"--no-history --raw {prompt}")
    assert sent() == prompt


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{name}", "Ada"),
        ("Who was {first} {second}?", "Who was Grace Hopper?"),
        ("{rows[0]['x']} {{name}} ${name} {undefined} $n", "1 {{name}} ${name} {undefined} $n"),
        ('f"{name}" {name} \\frac{a}{b}', 'f"Ada" Ada \\frac{a}{b}'),
        ("{trick}", "{name} {{name}} $x$"),
        ("-- --raw {name}", "--raw Ada"),
        ("你好，{名字}", "你好，小米"),
    ],
)
def test_variables_are_replaced_in_a_line_magic(
    shell: InteractiveShell, sent: Callable[[], str], line: str, text: str
) -> None:
    shell.run_line_magic("mimo", f"--no-history {line}")
    assert sent() == text


def test_variables_are_not_replaced_in_options(shell: InteractiveShell, server: Peer) -> None:
    shell.run_cell_magic("mimo", "--no-history -s '{name}'", "hello")
    assert "{name}" in server.requests[-1].body["messages"][0]["content"]


def run(shell: InteractiveShell, code: str) -> None:
    shell.run_cell(code).raise_error()


def test_variables_are_replaced_in_a_cell_magic(shell: InteractiveShell, sent: Callable[[], str]) -> None:
    run(shell, "%%mimo --no-history\n{name}: {df.shape[0]}\n{ x }")
    assert sent() == "Ada: 2\n{ x }"


def test_local_variables_of_a_function_hide_those_of_the_notebook(
    shell: InteractiveShell, sent: Callable[[], str]
) -> None:
    run(shell, "def ask(name):\n    reply = %mimo --no-history {name}, {first}, {undefined}\nask('Łódź')")
    assert sent() == "Łódź, Grace, {undefined}"
    run(shell, "%mimo --no-history {name}")
    assert sent() == "Ada"


def test_a_loop_sends_each_value(shell: InteractiveShell, server: Peer) -> None:
    run(shell, "for city in ('Bern', '东京'):\n    %mimo --no-history Where is {city}?")
    prompts = [seen.body["messages"][-1]["content"] for seen in server.requests[-2:]]
    assert prompts == ["Where is Bern?", "Where is 东京?"]


def test_a_variable_is_read_when_the_cell_runs_and_does_not_change(
    shell: InteractiveShell, sent: Callable[[], str]
) -> None:
    run(shell, "name = 'Emmy'")
    run(shell, "%%mimo --no-history\n{name}")
    assert sent() == "Emmy"
    assert shell.user_ns["name"] == "Emmy"
