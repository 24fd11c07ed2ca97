"""What a model sent as arguments, read and validated, or what it is told of its mistakes."""

from __future__ import annotations

import json
import traceback
from collections.abc import Collection
from math import isinf
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

LONGEST = 500
"""Characters that the model is told of its mistakes."""
LONGEST_VALUE = 80
MOST_MISTAKES = 3
"""Of an array with a thousand wrong items the model needs no more."""
MOST_MENDINGS = 2
"""`"5.0"` is a number first and an integer then."""


class BadArguments(ValueError):
    """What a model sent does not fit the function; `str()` is what the model is told, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(_clipped(" ".join(message.split()), LONGEST))


def read(arguments: str, adapter: TypeAdapter[dict[str, Any]], none: Collection[str]) -> dict[str, Any]:
    """Return validated arguments; for what is forgiven see `Signature.read`.

    Args:
        arguments: JSON as the model wrote it.
        adapter: what they have to fit.
        none: names whose default is None.

    Raises:
        BadArguments: they do not fit.
    """
    try:
        return _validated(json_object(arguments), adapter, none)
    except BadArguments:
        raise
    except ValidationError as error:
        raise BadArguments(_mistakes(error)) from None
    except RecursionError:
        raise BadArguments("The arguments are nested too deeply.") from None
    except Exception as error:  # noqa: BLE001  a person's own type raises what it likes
        raise BadArguments(traceback.format_exception_only(error)[0]) from None


def _validated(
    data: dict[str, Any], adapter: TypeAdapter[dict[str, Any]], none: Collection[str]
) -> dict[str, Any]:
    for _ in range(MOST_MENDINGS):
        try:
            return _strictly(data, adapter)
        except ValidationError as error:
            mended = [_mend(data, each, none) for each in error.errors(include_url=False)]
            if not any(mended):
                raise
    return _strictly(data, adapter)


def _strictly(data: dict[str, Any], adapter: TypeAdapter[dict[str, Any]]) -> dict[str, Any]:
    """Validate as JSON: only from there does pydantic's strict mode take dates, enums and objects of classes."""
    return adapter.validate_json(json.dumps(data), strict=True)


def json_object(arguments: str) -> dict[str, Any]:
    try:
        data = _json(arguments if arguments.strip() else "{}")
    except ValueError as error:
        raise BadArguments(f"The arguments are not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadArguments(f"The arguments are not a JSON object; received {_shown(data)}")
    return data


def _json(text: str) -> Any:
    """Read JSON within its bounds: no NaN, no Infinity, no number that a double cannot hold."""
    return json.loads(text, parse_constant=_refused, parse_float=_number, parse_int=_integer)


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"there is no {constant}")


def _number(digits: str) -> float:
    if isinf(number := float(digits)):
        raise ValueError(f"{_clipped(digits, LONGEST_VALUE)} is too large")
    return number


def _integer(digits: str) -> int:
    _number(digits)
    return int(digits)


def _mend(data: dict[str, Any], mistake: ErrorDetails, none: Collection[str]) -> bool:
    """Put what was meant into the place of a value that has the wrong type; tell whether it is another."""
    holder, key = _place(data, mistake["loc"])
    value = holder[key]
    if value is None and holder is data and key in none:
        del data[key]
        return True
    wrong_type = mistake["type"].endswith("_type") or mistake["type"] in {"enum", "literal_error"}
    if wrong_type and value == mistake["input"]:
        holder[key] = _meant(value)
    return holder[key] is not value


def _place(data: dict[str, Any], path: tuple[int | str, ...]) -> tuple[Any, Any]:
    """Follow a path to a value; steps that name the members of a union are none, and passed over."""
    holder: Any = [data]
    key: Any = 0
    for step in path:
        value = holder[key]
        if step in (
            range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        ):
            holder, key = value, step
    return holder, key


def _meant(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    try:
        meant = _json(value)
    except (ValueError, RecursionError):
        return value
    return value if isinstance(meant, str) else meant


def _mistakes(error: ValidationError) -> str:
    mistakes = error.errors(include_url=False)
    more = f". And {len(mistakes) - MOST_MISTAKES} more" if len(mistakes) > MOST_MISTAKES else ""
    return ". ".join(_mistake(each) for each in mistakes[:MOST_MISTAKES]) + more


def _mistake(mistake: ErrorDetails) -> str:
    where = _clipped(".".join(map(str, mistake["loc"])), LONGEST_VALUE)
    if mistake["type"] == "json_invalid":  # half a character, or nested more deeply than Python minds
        return f"The arguments are not JSON: {mistake['ctx']['error']}"
    if mistake["type"] == "missing":
        return f"{where}: is missing"
    if mistake["type"] == "extra_forbidden":
        return f"{where}: is not known"
    return f"{where}: {mistake['msg']}; received {_shown(mistake['input'])}"


def _shown(value: Any) -> str:
    try:
        return _clipped(json.dumps(value, ensure_ascii=False), LONGEST_VALUE)
    except (TypeError, ValueError):  # no longer JSON: a person's validator has had it
        return f"a {type(value).__name__}"


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
