"""Parse and validate the arguments of a tool call, or report the mistakes to the model."""

from __future__ import annotations

import json
import traceback
from collections.abc import Collection
from math import isinf
from typing import Any, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T")
MAX_ERROR_CHARS = 500
"""Characters of an error message for the model."""
MAX_VALUE_CHARS = 80
MAX_ERRORS = 3
"""Mistakes that one message reports. An array can have a thousand wrong items."""
MAX_EXACT_FLOAT = 2**53
"""Below, a float is the integer that was written."""
MAX_REPAIR_PASSES = 2
"""Two passes repair `"5.0"`: to a number, then to an integer."""


class BadArguments(ValueError):
    """The arguments do not fit the function. `str()` is the message for the model, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(_truncate(" ".join(message.split()), MAX_ERROR_CHARS))


def parse_arguments(
    arguments: str, adapter: TypeAdapter[dict[str, Any]], none_defaults: Collection[str]
) -> dict[str, Any]:
    """Return validated arguments. `Signature.parse_arguments` lists the mistakes that are repaired.

    Args:
        arguments: JSON as the model wrote it.
        adapter: the types of the parameters.
        none_defaults: names of the parameters whose default is None.

    Raises:
        BadArguments: the arguments do not fit.
    """
    try:
        return validate_json_value(parse_json_object(arguments), adapter, none_defaults)
    except BadArguments:
        raise
    except ValidationError as error:
        raise BadArguments(format_errors(error)) from None
    except RecursionError:
        raise BadArguments("The arguments are nested too deeply.") from None
    except Exception as error:  # noqa: BLE001  a user's own type can raise any error
        raise BadArguments(traceback.format_exception_only(error)[0]) from None


def validate_json_value(data: Any, adapter: TypeAdapter[T], none_defaults: Collection[str] = ()) -> T:
    """Return a validated JSON object or array. `Signature.parse_arguments` lists the mistakes that are repaired, in place.

    Raises:
        ValidationError: the value does not fit.
    """
    for _ in range(MAX_REPAIR_PASSES):
        try:
            return _validate_strictly(data, adapter)
        except ValidationError as error:
            repaired = [_repair_value(data, each, none_defaults) for each in error.errors(include_url=False)]
            if not any(repaired):
                raise
    return _validate_strictly(data, adapter)


def _validate_strictly(data: Any, adapter: TypeAdapter[T]) -> T:
    """Validate as JSON. Only from JSON does pydantic's strict mode accept dates, enums and dataclasses."""
    return adapter.validate_json(json.dumps(data), strict=True)


def parse_json_object(arguments: str) -> dict[str, Any]:
    """Parse arguments as a JSON object. An empty text stands for `{}`.

    Raises:
        BadArguments: the text is not a JSON object.
    """
    try:
        data = _parse_json(arguments if arguments.strip() else "{}")
    except ValueError as error:
        raise BadArguments(f"The arguments are not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadArguments(f"The arguments are not a JSON object; received {_format_value(data)}")
    return data


def _parse_json(text: str) -> Any:
    """Parse strict JSON: no NaN, no Infinity, no number outside the range of a double."""
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


def _repair_value(data: Any, detail: ErrorDetails, none_defaults: Collection[str]) -> bool:
    """Repair a value of the wrong type in place. Return whether the value changed."""
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
    """Return the container and the key of a value. Steps that name a member of a union are skipped."""
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
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT_FLOAT:
        return int(value)
    if not isinstance(value, str):
        return value
    try:
        parsed = _parse_json(value)
    except (ValueError, RecursionError):
        return value
    return value if isinstance(parsed, str) else parsed


def format_errors(error: ValidationError, skipped_steps: int = 0) -> str:
    """Return the mistakes in one line for the model, without the first steps of their places."""
    details = error.errors(include_url=False)
    more = f". And {len(details) - MAX_ERRORS} more" if len(details) > MAX_ERRORS else ""
    return ". ".join(_format_error(each, skipped_steps) for each in details[:MAX_ERRORS]) + more


def _format_error(detail: ErrorDetails, skipped_steps: int) -> str:
    steps = detail["loc"][skipped_steps:] or ("the value",)
    location = _truncate(".".join(map(str, steps)), MAX_VALUE_CHARS)
    # pydantic reports a lone surrogate, or deeper nesting than its own limit.
    if detail["type"] == "json_invalid":
        return f"The arguments are not JSON: {detail['ctx']['error']}"
    if detail["type"] == "missing":
        return f"{location}: is missing"
    if detail["type"] == "extra_forbidden":
        return f"{location}: is not known"
    return f"{location}: {detail['msg']}; received {_format_value(detail['input'])}"


def _format_value(value: Any) -> str:
    try:
        return _truncate(json.dumps(value, ensure_ascii=False), MAX_VALUE_CHARS)
    # A user's own validator may have replaced the JSON value by an object.
    except (TypeError, ValueError):
        return f"a {type(value).__name__}"


def _truncate(text: str, max_chars: int) -> str:
    return text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"
