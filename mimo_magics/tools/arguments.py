"""What a model sent as arguments, read and validated, or what it is told of its mistakes."""

from __future__ import annotations

import json
import traceback
from collections.abc import Collection
from math import isinf
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

MAX_ERROR_CHARS = 500
"""Characters that the model is told of its mistakes."""
MAX_VALUE_CHARS = 80
MAX_ERRORS = 3
"""Of an array with a thousand wrong items the model needs no more."""
MAX_REPAIR_PASSES = 2
"""`"5.0"` is a number first and an integer then."""


class BadArguments(ValueError):
    """What a model sent does not fit the function; `str()` is what the model is told, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(_truncate(" ".join(message.split()), MAX_ERROR_CHARS))


def parse_arguments(
    arguments: str, adapter: TypeAdapter[dict[str, Any]], none_defaults: Collection[str]
) -> dict[str, Any]:
    """Return validated arguments; for what is forgiven see `Signature.read`.

    Args:
        arguments: JSON as the model wrote it.
        adapter: what they have to fit.
        none_defaults: names whose default is None.

    Raises:
        BadArguments: they do not fit.
    """
    try:
        return _validate(parse_json_object(arguments), adapter, none_defaults)
    except BadArguments:
        raise
    except ValidationError as error:
        raise BadArguments(_format_errors(error)) from None
    except RecursionError:
        raise BadArguments("The arguments are nested too deeply.") from None
    except Exception as error:  # noqa: BLE001  a person's own type raises what it likes
        raise BadArguments(traceback.format_exception_only(error)[0]) from None


def _validate(
    data: dict[str, Any], adapter: TypeAdapter[dict[str, Any]], none_defaults: Collection[str]
) -> dict[str, Any]:
    for _ in range(MAX_REPAIR_PASSES):
        try:
            return _validate_strictly(data, adapter)
        except ValidationError as error:
            repaired = [_repair_value(data, each, none_defaults) for each in error.errors(include_url=False)]
            if not any(repaired):
                raise
    return _validate_strictly(data, adapter)


def _validate_strictly(data: dict[str, Any], adapter: TypeAdapter[dict[str, Any]]) -> dict[str, Any]:
    """Validate as JSON: only from there does pydantic's strict mode take dates, enums and objects of classes."""
    return adapter.validate_json(json.dumps(data), strict=True)


def parse_json_object(arguments: str) -> dict[str, Any]:
    try:
        data = _parse_json(arguments if arguments.strip() else "{}")
    except ValueError as error:
        raise BadArguments(f"The arguments are not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadArguments(f"The arguments are not a JSON object; received {_format_value(data)}")
    return data


def _parse_json(text: str) -> Any:
    """Read JSON within its bounds: no NaN, no Infinity, no number that a double cannot hold."""
    return json.loads(text, parse_constant=_reject_constant, parse_float=_parse_float, parse_int=_parse_int)


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(f"there is no {constant}")


def _parse_float(digits: str) -> float:
    if isinf(number := float(digits)):
        raise ValueError(f"{_truncate(digits, MAX_VALUE_CHARS)} is too large")
    return number


def _parse_int(digits: str) -> int:
    _parse_float(digits)
    return int(digits)


def _repair_value(data: dict[str, Any], detail: ErrorDetails, none_defaults: Collection[str]) -> bool:
    """Put what was meant into the place of a value that has the wrong type; tell whether it is another."""
    container, key = _locate(data, detail["loc"])
    value = container[key]
    if value is None and container is data and key in none_defaults:
        del data[key]
        return True
    is_wrong_type = detail["type"].endswith("_type") or detail["type"] in {"enum", "literal_error"}
    if is_wrong_type and value == detail["input"]:
        container[key] = _coerce(value)
    return container[key] is not value


def _locate(data: dict[str, Any], path: tuple[int | str, ...]) -> tuple[Any, Any]:
    """Follow a path to a value; steps that name the members of a union are none, and passed over."""
    container: Any = [data]
    key: Any = 0
    for step in path:
        value = container[key]
        if step in (
            range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        ):
            container, key = value, step
    return container, key


def _coerce(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    try:
        parsed = _parse_json(value)
    except (ValueError, RecursionError):
        return value
    return value if isinstance(parsed, str) else parsed


def _format_errors(error: ValidationError) -> str:
    details = error.errors(include_url=False)
    more = f". And {len(details) - MAX_ERRORS} more" if len(details) > MAX_ERRORS else ""
    return ". ".join(_format_error(each) for each in details[:MAX_ERRORS]) + more


def _format_error(detail: ErrorDetails) -> str:
    location = _truncate(".".join(map(str, detail["loc"])), MAX_VALUE_CHARS)
    if detail["type"] == "json_invalid":  # half a character, or nested more deeply than Python minds
        return f"The arguments are not JSON: {detail['ctx']['error']}"
    if detail["type"] == "missing":
        return f"{location}: is missing"
    if detail["type"] == "extra_forbidden":
        return f"{location}: is not known"
    return f"{location}: {detail['msg']}; received {_format_value(detail['input'])}"


def _format_value(value: Any) -> str:
    try:
        return _truncate(json.dumps(value, ensure_ascii=False), MAX_VALUE_CHARS)
    except (TypeError, ValueError):  # no longer JSON: a person's validator has had it
        return f"a {type(value).__name__}"


def _truncate(text: str, max_chars: int) -> str:
    return text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"
