"""A function, a class or a module as text: its source where there is one, else its signature and its docstring.

Default values are written only if they are short literals. The default of a parameter may be a data frame.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import islice
from types import (
    BuiltinFunctionType,
    BuiltinMethodType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from mimo_magics.context.object_text import class_name

FUNCTION_TYPES = (
    FunctionType,
    MethodType,
    BuiltinFunctionType,
    BuiltinMethodType,
    MethodDescriptorType,
    WrapperDescriptorType,
)
CODE_TYPES = (*FUNCTION_TYPES, type, ModuleType)
MAX_MEMBERS = 200
MAX_ATTRIBUTES = 5_000
"""Members of a class or a module that are looked at."""
MAX_DOC_CHARS = 5_000
MAX_LITERAL_CHARS = 40
TYPING_MODULES = ("typing", "types", "collections.abc", "builtins")


def code_title(value: Any) -> str:
    """Return a function, a class or a module as its kind and its name."""
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    return f"{'class' if isinstance(value, type) else 'function'} {_qualified_name(value)}"


def code_text(value: Any) -> str:
    """Return a function, a class or a module as text."""
    return _build_text(value, _literal_text)


def code_schema(value: Any) -> str:
    """Return the same without default values: those of a function without source may come from data."""
    return _build_text(value, lambda _: "…")


def _build_text(value: Any, format_default: Callable[[Any], str]) -> str:
    title, is_module = code_title(value), isinstance(value, ModuleType)
    if not is_module and (source := _find_source(value)):
        return f"{title}\n{source.rstrip()}"
    signature = "" if is_module else _signature_text(value, format_default)
    members = _members(value, format_default) if isinstance(value, type | ModuleType) else ()
    return "\n".join((f"{title}{signature}", *_doc_lines(value), *members))


def _qualified_name(value: Any) -> str:
    name = getattr(value, "__qualname__", "") or class_name(type(value))
    module = getattr(value, "__module__", None)
    return (
        f"{module}.{name}"
        if isinstance(module, str) and module not in ("builtins", "__main__")
        else str(name)
    )


def _find_source(value: Any) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError, IndexError, SyntaxError):
        return ""


def _doc_lines(value: Any) -> list[str]:
    doc = inspect.getdoc(value)
    return [doc[:MAX_DOC_CHARS]] if isinstance(doc, str) and doc else []


def _members(value: Any, format_default: Callable[[Any], str]) -> Iterator[str]:
    """Yield a line for each public function and class of a module or a class. No property is read."""
    yielded = 0
    for name, found in islice(list(vars(value).items()), MAX_ATTRIBUTES):
        member = found.__func__ if isinstance(found, classmethod | staticmethod) else found
        is_own = isinstance(value, type) or getattr(member, "__module__", None) == value.__name__
        if name.startswith("_") or not is_own or not isinstance(member, (*FUNCTION_TYPES, type)):
            continue
        if yielded == MAX_MEMBERS:
            yield "- …"
            return
        yielded += 1
        doc = next(iter(_doc_lines(member)), "").partition("\n")[0]
        yield f"- {name}{_signature_text(member, format_default)}" + (f": {doc}" if doc else "")


def _signature_text(value: Any, format_default: Callable[[Any], str]) -> str:
    try:
        signature = inspect.signature(value)
    except (ValueError, TypeError):
        return ""
    texts, last_kind = [], None
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and last_kind not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            texts.append("*")
        if last_kind is parameter.POSITIONAL_ONLY and parameter.kind is not parameter.POSITIONAL_ONLY:
            texts.append("/")
        texts.append(_parameter_text(parameter, format_default))
        last_kind = parameter.kind
    if last_kind is inspect.Parameter.POSITIONAL_ONLY:
        texts.append("/")
    returned = signature.return_annotation
    arrow = "" if returned is signature.empty else f" -> {_annotation_text(returned)}"
    return f"({', '.join(texts)}){arrow}"


def _parameter_text(parameter: inspect.Parameter, format_default: Callable[[Any], str]) -> str:
    stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
    stars = "**" if parameter.kind is parameter.VAR_KEYWORD else stars
    empty = parameter.empty
    annotation = "" if parameter.annotation is empty else f": {_annotation_text(parameter.annotation)}"
    default = "" if parameter.default is empty else format_default(parameter.default)
    equals = " = " if annotation else "="
    return f"{stars}{parameter.name}{annotation}" + (f"{equals}{default}" if default else "")


def _annotation_text(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return class_name(annotation)
    if annotation is None or type(annotation).__module__ in TYPING_MODULES:
        return str(annotation)
    return class_name(type(annotation))


def _literal_text(value: Any) -> str:
    is_literal = type(value) in (type(None), bool, int, float, str)
    text = repr(value) if is_literal and (type(value) is not str or len(value) <= MAX_LITERAL_CHARS) else ""
    return text if text and len(text) <= MAX_LITERAL_CHARS + 2 else "…"
