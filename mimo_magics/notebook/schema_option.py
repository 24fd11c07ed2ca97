"""The options `--schema` and `--many`: the schema of a reply, from a variable or a short form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mimo_magics.context.prompt_references import NAME, find_variable
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import quote

if TYPE_CHECKING:  # it imports pydantic
    from mimo_magics.session.structured.schema import ResultSchema

VARIABLE = re.compile(rf"{NAME}(?:\.{NAME})*")
LIST = re.compile(r"list\[\s*(.+?)\s*\]", re.DOTALL)
SCALARS: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
MAX_QUOTED_CHARS = 60


def take_schema(options: dict[str, Any], variables: Mapping[str, Any]) -> ResultSchema | None:
    """Remove `schema` and `many` from the options of a cell, and return the schema that they describe.

    Args:
        options: the values of the options that the cell has.
        variables: the variables of the user.

    Raises:
        BadOption: there is no such variable, its value is not a schema, or an option needs a schema.
    """
    source, many = options.pop("schema", None), options.pop("many", False)
    if source is not None:
        return resolve_schema(source, variables, many=many)
    flag = "--many" if many else "-f table" if options.get("format") == "table" else ""
    if flag:
        raise BadOption(
            Translatable("{flag} needs a schema.", flag=flag),
            Translatable("Add --schema NAME or --schema 'name, age int'."),
        )
    return None


def check_shows_no_code(schema: ResultSchema | None, reply_format: str, *, into_cell: bool) -> None:
    """Check that a cell with a schema does not ask for the code of the reply.

    Raises:
        BadOption: it does.
    """
    if schema and (reply_format == "code" or into_cell):
        raise BadOption(
            Translatable("A reply with a schema is JSON and has no code."),
            Translatable("Remove --schema, or use -f markdown without --into-cell."),
        )


def resolve_schema(source: str, variables: Mapping[str, Any], *, many: bool = False) -> ResultSchema:
    """Return the schema of the name of a variable, of `list[NAME]`, or of a short form.

    Raises:
        BadOption: there is no such variable, or its value is not a schema.
    """
    from mimo_magics.session.structured.schema import build_schema

    text = source.strip()
    if found := LIST.fullmatch(text):
        text, many = found[1], True
    if not VARIABLE.fullmatch(text):
        return build_schema(text, many=many)
    if many and text in SCALARS and text not in variables:
        return build_schema(SCALARS[text], many=True)
    exists, value = find_variable(text, variables)
    if not exists:
        raise _build_error(text, variables)
    return build_schema(value, many=many)


def list_schema_names(variables: Mapping[str, Any]) -> list[str]:
    """Return the variables that may hold a schema: classes, type hints such as `list[Person]`, and JSON Schemas."""
    return [name for name, value in variables.items() if _may_be_schema(value)]


def _may_be_schema(value: Any) -> bool:
    if isinstance(value, type) or hasattr(value, "__origin__"):
        return True
    return type(value) is dict and any(name in value for name in ("type", "properties", "$ref"))


def _build_error(name: str, variables: Mapping[str, Any]) -> BadOption:
    advice = Translatable("Define it in a cell above, or write fields such as 'name, age int'.")
    return BadOption(
        Translatable("There is no variable {name!r} for --schema.", name=quote(name, MAX_QUOTED_CHARS)),
        did_you_mean(name, list_schema_names(variables), advice),
    )
