"""The message of the front end that requested the running cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def get_parent_message(shell: Any) -> Mapping[str, Any]:
    """Return the message of the running cell; empty without a kernel that reports it."""
    get_parent = getattr(getattr(shell, "kernel", None), "get_parent", None)
    return _as_mapping(get_parent()) if callable(get_parent) else {}


def get_message_part(shell: Any, name: str) -> Mapping[str, Any]:
    """Return the header, the metadata or the content of the message of the running cell."""
    return _as_mapping(get_parent_message(shell).get(name))


def get_message_id(shell: Any) -> str:
    """Return the id of the message of the running cell; empty if it is unknown."""
    return str(get_message_part(shell, "header").get("msg_id") or "")


def _as_mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
