"""A failed cell for a model: a short traceback without the paths of this machine, and the variables of the failing frame."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from traceback import FrameSummary, extract_tb
from types import FrameType, FunctionType, ModuleType
from typing import Any

from mimo_magics.context.budget import count_bytes, truncate
from mimo_magics.context.error import error_line, error_type
from mimo_magics.context.frame_lines import FrameLines, is_user_file, read_frame_lines
from mimo_magics.context.value import summarize
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.settings import Share

MAX_FRAMES = 30
"""Frames of one exception, the first third and the last ones."""
MAX_CAUSES = 5
"""Exceptions of a chain, or of a group and its chain."""
MAX_LINE_CHARS, MAX_MESSAGE_BYTES, MAX_FILE_BYTES = 300, 4_000, 6_000
MAX_VARIABLES = 20
VARIABLE_PART = 10
"""A variable gets this part of the budget of a value."""
INNER_NAMES = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<lambda>")
"""Frames that see the variables of the frame around them."""
ADDRESS_PATTERN = re.compile(r"\bat 0x[0-9A-Fa-f]+")
"""An address in the message of an error, which differs in each process."""
UNSHOWN_TYPES = (ModuleType, FunctionType, type)
"""Their names in the code say enough."""

FindCell = Callable[[str], int | None]
"""Returns the number of the cell that was compiled under a file name; `None` for a file."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The error of a cell."""

    type: str
    """The type of the error, such as `KeyError`."""
    traceback: str
    """The error with its traceback, as far as it is known."""
    cells: tuple[int, ...]
    """The numbers of the cells in the traceback: the one that failed, then those whose functions it called."""
    outline: str = ""
    """The traceback without the message and without lines of code."""
    frames: tuple[FrameType, ...] = ()
    """The last frame of the user's code, and the one around a comprehension, where the error is known as an object."""
    files: tuple[FrameLines, ...] = ()
    """Lines of files of the user that are in the traceback."""


def describe_failure(error: BaseException, find_cell: FindCell) -> Failure:
    """Return what is known of an error.

    Args:
        error: the error.
        find_cell: returns the number of a cell by the file name of a frame.
    """
    chain = list(_iter_chain(error))
    # The traceback of a cause begins where the cause was caught. Only that of the error begins in the cell that failed.
    cells = dict.fromkeys(cell for each in (error, *chain) for cell in _iter_cells(each, find_cell))
    text = "\n\n".join(_error_text(each, find_cell) for each in chain)
    outline = "\n\n".join(_error_outline(each, find_cell) for each in chain)
    frames = _find_user_frames(_first_of_group(error), find_cell) or _find_user_frames(error, find_cell)
    files = read_frame_lines(frame for each in chain for frame in _select_frames(each, find_cell))
    return Failure(error_type(error), text, tuple(cells), outline, frames, files)


def render_failure(failure: Failure, share: Share) -> ContextPart:
    """Return the traceback as it is sent. With `share=schema` it has types instead of messages."""
    text = failure.outline if share == "schema" else failure.traceback
    return ContextPart(text, "error", failure.type, failure.type, count_bytes(text))


def render_files(failure: Failure, share: Share) -> Iterator[ContextPart]:
    """Yield the lines of files. With `share=schema` none are sent."""
    for each in failure.files if share != "schema" else ():
        text = f"{truncate(str(each), MAX_FILE_BYTES)}\n\n"
        yield ContextPart(text, each.name, "file", each.place, count_bytes(text))


def render_variables(failure: Failure, source: str, value_budget: int, share: Share) -> Iterator[ContextPart]:
    """Yield the variables of the failing frame that its code names.

    Args:
        failure: the failure.
        source: source of the failing cell, for a frame that is the cell itself.
        value_budget: budget of one value in bytes, of which each variable gets a part.
        share: what may be sent of a frame, an array or a container.
    """
    variables: dict[str, Any] = {}
    for frame in failure.frames:
        is_cell = frame.f_locals is frame.f_globals
        names = sorted(_find_names(source)) if is_cell else list(frame.f_locals)
        variables |= {name: frame.f_locals[name] for name in names if _is_variable(name, frame.f_locals)}
    for name in list(variables)[:MAX_VARIABLES]:
        part = _summarize(variables[name], value_budget // VARIABLE_PART, share)
        yield replace(part, text=f"{name}: {part.text}\n\n", name=name)


def _summarize(value: Any, max_bytes: int, share: Share) -> ContextPart:
    if issubclass(type(value), BaseException) and share != "schema":
        # The text of an exception as a value has a traceback with the folders of this machine.
        text = truncate(error_line(value), max_bytes)
        return ContextPart(text, "", error_type(value), error_type(value), count_bytes(text))
    # `render_value` would send a scalar in any case, but the user did not put this one into a prompt.
    return summarize(value, max_bytes, share)


def _is_variable(name: str, variables: Mapping[str, Any]) -> bool:
    # The iterator of a comprehension has the name `.0`.
    return (
        name.isidentifier()
        and not name.startswith("__")
        and name in variables
        and not issubclass(type(variables[name]), UNSHOWN_TYPES)
    )


def _find_names(source: str) -> set[str]:
    """Return the names in a source; those of its words if it is no plain Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {word for word in source.replace("(", " ").replace(")", " ").split() if word.isidentifier()}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _iter_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the causes of an error and the exceptions of its group, the first one first, and the error."""
    chain: list[BaseException] = []
    waiting = [error]
    while waiting and len(chain) < MAX_CAUSES:
        current = waiting.pop(0)
        # Causes may form a cycle, and an exception may define `==` and `bool` in any way.
        if id(current) not in map(id, chain):
            chain.append(current)
            waiting += (*_list_group(current), *_list_cause(current))
    return reversed(chain)


def _list_cause(error: BaseException) -> tuple[BaseException, ...]:
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    return () if cause is None else (cause,)


def _list_group(error: BaseException) -> tuple[BaseException, ...]:
    return error.exceptions[:MAX_CAUSES] if isinstance(error, BaseExceptionGroup) else ()


def _first_of_group(error: BaseException) -> BaseException:
    while group := _list_group(error):
        error = group[0]
    return error


def _iter_cells(error: BaseException, find_cell: FindCell) -> Iterator[int]:
    files = [each.filename for each in extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        files.append(error.filename)
    for file in files:
        if (number := find_cell(file)) is not None:
            yield number


def _error_text(error: BaseException, find_cell: FindCell) -> str:
    lines = [ADDRESS_PATTERN.sub("at 0x…", truncate(error_line(error), MAX_MESSAGE_BYTES))]
    lines += [_frame_text(each, find_cell, with_code=True) for each in _select_frames(error, find_cell)]
    if isinstance(error, SyntaxError):
        lines.append(_syntax_place(error, find_cell, with_code=True))
    return "\n".join(lines)


def _error_outline(error: BaseException, find_cell: FindCell) -> str:
    lines = [error_type(error)]
    lines += [_frame_text(each, find_cell, with_code=False) for each in _select_frames(error, find_cell)]
    if isinstance(error, SyntaxError):
        lines.append(_syntax_place(error, find_cell, with_code=False))
    return "\n".join(lines)


def _syntax_place(error: SyntaxError, find_cell: FindCell, *, with_code: bool) -> str:
    place = f"  {_place(error.filename or '', find_cell)}, line {error.lineno}"
    code = (error.text or "").strip()[:MAX_LINE_CHARS]
    return f"{place}: {code}" if with_code and code else place


def _select_frames(error: BaseException, find_cell: FindCell) -> list[FrameSummary]:
    """Return the frames from the first cell or file of the user on, without those in the middle of a long traceback."""
    frames = list(extract_tb(error.__traceback__))
    starts = [place for place, each in enumerate(frames) if find_cell(each.filename) is not None]
    if not starts and isinstance(error, SyntaxError) and find_cell(error.filename or "") is not None:
        return []
    # Without a cell, as in %run, the first frames are those of IPython.
    starts = starts or [place for place, each in enumerate(frames) if is_user_file(each.filename)]
    if not starts:
        return [] if isinstance(error, SyntaxError) else frames[-MAX_FRAMES:]
    frames = frames[starts[0] :]
    head = MAX_FRAMES // 3
    return frames if len(frames) <= MAX_FRAMES else [*frames[:head], *frames[head - MAX_FRAMES :]]


def _frame_text(frame: FrameSummary, find_cell: FindCell, *, with_code: bool) -> str:
    function = "" if frame.name == "<module>" else f", in {frame.name}"
    place = f"  {_place(frame.filename, find_cell)}, line {frame.lineno}{function}"
    code = (frame.line or "").strip()[:MAX_LINE_CHARS]
    return f"{place}: {code}" if with_code and code else place


def _place(file: str, find_cell: FindCell) -> str:
    """Return where a frame is, without the folders of this machine."""
    number = find_cell(file)
    if number is not None:
        return f"cell [{number}]"
    parts = file.replace("\\", "/").split("/")
    if "site-packages" in parts:
        return "/".join(parts[len(parts) - parts[::-1].index("site-packages") :])
    return parts[-1]


def _find_user_frames(error: BaseException, find_cell: FindCell) -> tuple[FrameType, ...]:
    """Return the last frame of the user's code, after the one around it if it is a comprehension or a lambda."""
    frames: list[FrameType] = []
    trace = error.__traceback__ if _select_frames(error, find_cell) else None
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if find_cell(file) is not None or is_user_file(file):
            frames.append(trace.tb_frame)
        trace = trace.tb_next
    is_inner = len(frames) > 1 and frames[-1].f_code.co_name in INNER_NAMES
    return tuple(frames[-2:] if is_inner else frames[-1:])
