"""The process that reads tables, notebooks and documents: its limits of time and memory, and what it returns.

A file can decompress to any size, and a parser in C cannot be interrupted. So the file is read by a process that is
ended when it takes too long, and that gets no more memory than `MAX_MEMORY`. The file is its standard input, already
open. It prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.settings import Share

MAX_SECONDS = 30.0
MAX_MEMORY = 3 * 2**30
"""Bytes of memory of the process, on Linux."""


def read_in_process(file: BinaryIO, name: str, kind: str, max_bytes: int, share: Share) -> ContextPart:
    """Read a file in another process.

    Args:
        file: the open file.
        name: its name, for errors.
        kind: the name of its reader.
        max_bytes: the budget of the text.
        share: what is shared of a table.

    Raises:
        BadOption: the file cannot be read, or the process reached a limit.
    """
    command = [sys.executable, "-P", "-m", __name__, name, kind, str(max_bytes), share]
    search_path = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            command,
            stdin=file,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": search_path, "PYTHONIOENCODING": "utf-8"},
        )
    except subprocess.TimeoutExpired:
        raise BadOption(
            Translatable(
                "Reading {name!r} took more than {seconds:.0f} seconds.", name=name, seconds=MAX_SECONDS
            ),
            Translatable("Send a part of the file, or insert its content as a value."),
        ) from None
    except (OSError, ValueError) as error:
        raise _unreadable_error(name, kind, str(error)) from None
    return _parse_output(done.stdout, name, kind)


def _parse_output(output: bytes, name: str, kind: str) -> ContextPart:
    try:
        result = json.loads(output)
    except ValueError:
        # The process ended before it printed a result.
        raise _unreadable_error(name, kind, Translatable("it needs too much memory, or is damaged")) from None
    if "error" in result:
        fact, advice = map(_to_translatable, result["error"])
        raise BadOption(fact, advice)
    return ContextPart(**{**result, "detail": _to_translatable(result["detail"])})


def _unreadable_error(name: str, kind: str, reason: str) -> BadOption:
    return BadOption(
        Translatable("{name!r} cannot be read as {kind}: {reason}.", name=name, kind=kind, reason=reason),
        Translatable("Check the file. Its name decides how it is read."),
    )


def _to_translatable(encoded: list[Any]) -> Translatable:
    template, values = encoded
    decoded = {
        name: _to_translatable(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Translatable(template, **decoded)


def _encode(text: str) -> list[Any]:
    if not isinstance(text, Translatable):
        return [text, {}]
    values = {
        name: _encode(value) if isinstance(value, Translatable) else value
        for name, value in text.values.items()
    }
    return [text.template, values]


def _limit_memory() -> None:
    """Limit the memory of this process, where the system supports it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))


def _build_result(file: BinaryIO, name: str, kind: str, max_bytes: int, share: Share) -> dict[str, Any]:
    from mimo_magics.context.file_readers import READERS

    try:
        rendered = READERS[kind](file, name, max_bytes, share)
    except MimoError as error:
        return {"error": [_encode(error.message), _encode(error.hint)]}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a parser of an untrusted file can raise any error
        failure = _unreadable_error(name, kind, type(error).__name__)
        return {"error": [_encode(failure.message), _encode(failure.hint)]}
    return {
        "kind": rendered.kind,
        "text": rendered.text,
        "whole_size": rendered.whole_size,
        "detail": _encode(rendered.detail),
    }


def main() -> None:
    """Read the file on the standard input, and print the result."""
    name, kind, max_bytes, share = sys.argv[1:]
    # What libraries print must not get into the result.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _limit_memory()
    with output:
        json.dump(_build_result(sys.stdin.buffer, name, kind, int(max_bytes), share), output)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
