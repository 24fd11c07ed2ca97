"""The value of a stored result. A file may come from a stranger, so the value is validated again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mimo_magics.batch.store import StoredRow
from mimo_magics.core.i18n import Translatable

if TYPE_CHECKING:  # it imports pydantic
    from mimo_magics.session.structured.schema import ResultSchema

INVALID = Translatable("The saved result does not fit the schema.")


def read_value(stored: StoredRow, schema: ResultSchema | None) -> tuple[Any, Any, str]:
    """Return the value of a result, the same as JSON, and the error if there is none."""
    if stored.error:
        return None, None, stored.error
    if not schema:
        return stored.text, stored.text, ""
    import json

    from mimo_magics.session.structured.reading import read_reply
    from mimo_magics.session.structured.result import build_result
    from mimo_magics.session.structured.schema import LIST_KEY

    result = build_result(read_reply(stored.data, schema), schema)
    if result.errors:
        return None, None, INVALID
    data = json.loads(result.json_text)
    return result.value, data[LIST_KEY] if schema.is_list else data, ""
