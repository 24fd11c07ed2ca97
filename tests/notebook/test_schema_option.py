"""The options `--schema` and `--many`."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel
from support.kernel import Kernel
from support.peer import Peer, reply, stream
from typing_extensions import TypedDict

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.cell_request import build_cell_request
from mimo_magics.notebook.completion.choices import Choices, list_values
from mimo_magics.notebook.schema_option import resolve_schema
from mimo_magics.session.structured.schema import build_schema


class Person(BaseModel):
    name: str
    age: int


@dataclass
class Point:
    x: float


class Place(TypedDict):
    city: str


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
VARIABLES: dict[str, Any] = {
    "Person": Person,
    "people": list[Person],
    "Point": Point,
    "Place": Place,
    "CITY": CITY,
    "fields": "name, age int",
    "schemas": SimpleNamespace(Person=Person),
    "count": 3,
    "_hidden": Point,
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Person", Person),
        (" Person ", Person),
        ("schemas.Person", Person),
        ("people", list[Person]),
        ("list[Person]", list[Person]),
        ("list[ schemas.Person ]", list[Person]),
        ("Point", Point),
        ("Place", Place),
        ("CITY", CITY),
        ("fields", "name, age int"),
        ("name, age int", "name, age int"),
        ("name str", "name str"),
        ("list[str]", list[str]),
    ],
)
def test_a_schema_comes_from_a_variable_or_from_fields(source: str, expected: Any) -> None:
    assert resolve_schema(source, VARIABLES) == build_schema(expected)


def test_many_expects_a_list() -> None:
    assert resolve_schema("Person", VARIABLES, many=True) == build_schema(list[Person])
    assert resolve_schema("people", VARIABLES, many=True) == build_schema(list[Person])
    assert resolve_schema("str", VARIABLES, many=True) == build_schema(list[str])


@pytest.mark.parametrize(
    ("source", "fact", "hint"),
    [
        ("Persn", "There is no variable 'Persn' for --schema.", "Did you mean Person?"),
        (
            "schemas.Animal",
            "There is no variable 'schemas.Animal' for --schema.",
            "Define it in a cell above, or write fields such as 'name, age int'.",
        ),
        ("str", "There is no variable 'str' for --schema.", "Define it in a cell above"),
        ("list[Animal]", "There is no variable 'Animal' for --schema.", "Define it in a cell above"),
        ("count", "3 has no JSON Schema", "Use a pydantic model"),
        ("name, age number", "Unknown type 'number' in a schema.", "Available: str"),
        ("", "'' is not a schema.", "Write fields such as"),
    ],
)
def test_what_is_not_a_schema_is_an_error_with_advice(source: str, fact: str, hint: str) -> None:
    with pytest.raises(BadOption) as error:
        resolve_schema(source, VARIABLES)
    assert str(error.value).startswith(fact)
    assert error.value.hint.startswith(hint)


@pytest.mark.parametrize(("options", "flag"), [({"many": True}, "--many"), ({"format": "table"}, "-f table")])
def test_an_option_without_a_schema_is_an_error(options: dict[str, Any], flag: str) -> None:
    with pytest.raises(BadOption) as error:
        build_cell_request(Namespace(**options), "hi", {})
    assert str(error.value) == f"{flag} needs a schema."
    assert error.value.hint == "Add --schema NAME or --schema 'name, age int'."


@pytest.mark.parametrize("options", [{"format": "code"}, {"into_cell": True}])
def test_a_schema_with_code_of_the_reply_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match="A reply with a schema is JSON and has no code"):
        build_cell_request(Namespace(schema="name str", **options), "hi", {})


def test_tab_completes_variables_that_may_hold_a_schema() -> None:
    candidates = list_values("schema", Choices(Settings(), VARIABLES), {})
    assert candidates == {"class": ["CITY", "Person", "Place", "Point", "people"]}


MODEL = """
from pydantic import BaseModel
class Person(BaseModel):
    name: str
    age: int
"""
ITEMS = [{"name": "Ada", "age": 36}, {"name": "Bo", "age": 7}]


def value_of(kernel: Kernel, expression: str) -> str:
    ran = kernel.run(f"print({expression})")
    return "".join(content["text"] for kind, content in ran.messages if kind == "stream").strip()


@pytest.mark.parametrize(
    "cell",
    [
        "%%mimo --schema Person --many -o found\nPeople?",
        "%mimo --schema list[Person] -o found People?",
        "get_ipython().run_cell_magic('mimo', '--schema Person --many -o found', 'People?')",
    ],
)
def test_the_value_of_a_cell_is_a_reply_with_the_validated_value(
    kernel: Kernel, peer: Peer, cell: str
) -> None:
    peer.answers(lambda seen: stream(seen, reply(json.dumps({"items": ITEMS}))))
    assert kernel.run(MODEL).status == "ok"
    assert kernel.run(cell).status == "ok"
    assert value_of(kernel, "found.value") == "[Person(name='Ada', age=36), Person(name='Bo', age=7)]"
    assert value_of(kernel, "found.errors") == "()"


def test_the_format_table_gives_a_data_frame(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply(json.dumps({"items": ITEMS}))))
    ran = kernel.run("%%mimo --schema 'name, age int' --many -f table -o found\nPeople?")
    assert ran.status == "ok"
    assert value_of(kernel, "found.value['age'].tolist(), found.value['age'].dtype") == "[36, 7] Int64"


def test_a_misspelled_schema_sends_nothing(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo --schema Missing\nPeople?")
    assert ran.status == "error"
    assert peer.requests == []


@pytest.fixture
def people(kernel: Kernel, peer: Peer) -> Kernel:
    """A kernel whose model replies with two people, and then with one that does not fit."""
    peer.answers(lambda seen: stream(seen, reply(json.dumps({"items": ITEMS}))))
    return kernel


CELL = "%%mimo --schema 'name, age int' --many\nPeople?"
TABLE = "name  age\nAda    36\nBo      7"


@pytest.mark.parametrize("watched", [True, False])
def test_the_document_is_the_table(people: Kernel, watched: bool) -> None:
    ran = people.run(CELL, watched=watched)
    assert ran.documents == [TABLE]
    assert "<table>" in ran.outputs[0]["data"]["text/html"]


def test_a_shown_reply_is_the_table_also_from_a_saved_notebook(people: Kernel) -> None:
    ran = people.run(CELL)
    assert people.run("%mimo show 1").documents == [TABLE]
    record = ran.outputs[0]["metadata"]["mimo"]
    assert record["reply"]["result"]["schema"]["type"] == "array"


def test_a_reply_of_an_earlier_cell_shows_its_table(people: Kernel) -> None:
    people.run(CELL.replace("--many", "--many -o found"))
    assert people.run("found").documents == [TABLE]
    assert people.run("print(repr(found))").text.startswith("StructuredReply(value=")


def test_a_cached_reply_has_its_value_again(people: Kernel, peer: Peer) -> None:
    people.run("%mimo_config run_all=keep")
    cell = CELL.replace("--many", "--many -o found --id one")
    people.run(cell)
    ran = people.run(cell)
    people.run("%mimo_config run_all=default")
    assert len(peer.requests) == 1
    assert ran.documents == [TABLE]
    assert people.run("print(len(found.value))").text == "2\n"


def test_a_dry_run_shows_the_schema_and_the_instructions(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo --schema 'name, age int' --many --dry-run\nPeople?")
    (shown,) = ran.documents
    assert "list[object]: name string, age integer" in shown
    assert "JSON Schema of the reply" in shown
    assert peer.requests == []


@pytest.mark.parametrize("kind", ["openai", "anthropic", "httpx", "curl"])
def test_the_code_of_a_call_has_the_instructions(kernel: Kernel, peer: Peer, kind: str) -> None:
    kernel.run("%mimo_config base_url=default preset=mimo-v2")
    ran = kernel.run(f"%%mimo --schema 'name, age int' --as {kind}\nPeople?")
    kernel.run("%mimo_config --reset")
    assert ran.status == "ok"
    assert "JSON Schema of the reply" in ran.documents[0]
    assert ("deliver_result" if kind == "anthropic" else "json_object") in ran.documents[0]


def test_an_incomplete_reply_with_a_schema_is_not_continued(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply('{"items": [{"name": "Ada", "age": 36}, {', stop="length")))
    ran = kernel.run(CELL)
    assert "⚠ The list is not complete" in ran.documents[0]
    assert "%mimo continue" not in ran.outputs[0]["data"]["text/html"]
    ran = kernel.run("%mimo continue")
    assert ran.status == "error"
    assert "A reply with a schema cannot be continued." in "\n".join(ran.error)


def test_a_comparison_has_values_and_errors(people: Kernel) -> None:
    ran = people.run("%%mimo_compare --temperature 0 1 --schema 'name, age int' --many -o compared\nPeople?")
    assert "valid items" in ran.outputs[0]["data"]["text/html"]
    ran = people.run("print([len(each.reply.value) for each in compared], compared[1].errors)")
    assert ran.text == "[2, 2] ()\n"
    assert people.run("print(list(compared.to_frame().columns[-2:]))").text == "['value', 'errors']\n"


def test_a_reply_without_json_shows_its_text_and_raises_nothing(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply("I cannot <b>do</b> that.")))
    ran = kernel.run("%%mimo --schema 'name, age int' -o found\nWho?")
    assert ran.status == "ok"
    assert ran.documents[0].startswith("I cannot <b>do</b> that.")
    assert "<b>do" not in ran.outputs[0]["data"]["text/html"]
    assert kernel.run("print(found.value, len(found.errors))").text == "None 1\n"
