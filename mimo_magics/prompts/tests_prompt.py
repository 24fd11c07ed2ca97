"""The prompt for tests of a function, and what a model proposes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mimo_magics.core.messages import ContextPart, Part, Reply, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.document.code_text import read_code
from mimo_magics.prompts.function_source import FunctionSource
from mimo_magics.prompts.prompt_text import fill_prompt, read_prompt_text

MAX_OUTPUT_CHARS = 6_000


def build_test_prompt(source: FunctionSource, wish: str, settings: Settings) -> tuple[Part, ...]:
    """Return the parts of the prompt. With `share=schema` the constants of the notebook are left out.

    Raises:
        BadOption: the file of the setting `test_prompt` cannot be used.
    """
    code = source.to_code(with_values=settings.share != "schema")
    text = f"```python\n{code}\n```\n\n"
    part = ContextPart(text, source.name, "function", "function", len(text.encode(errors="surrogatepass")))
    slots: dict[str, Sequence[Part]] = {
        "name": (TextPart(source.name),),
        "source": (part,),
        "wish": (TextPart(f"The user wants: {wish}\n\n"),) if wish else (),
    }
    return fill_prompt(read_prompt_text("test", settings.test_prompt), slots, ("name", "source"))


def add_failure(prompt: Sequence[Part], tests: str, output: str) -> tuple[Part, ...]:
    """Return the prompt followed by tests that failed, and what pytest printed."""
    text = (
        f"\nYour last tests were:\n\n```python\n{tests}\n```\n\npytest printed:\n\n```\n{output[-MAX_OUTPUT_CHARS:]}\n```\n\n"
        "If a test expects what the code does not promise, correct the test. If it shows a fault of the code, keep it. "
        "Reply with all tests in the same form."
    )
    return (*prompt, TextPart(text))


def read_tests(reply: Reply) -> str:
    """Return the tests of a reply; empty if it has none."""
    code = str(read_code(reply))
    return code if "def test_" in code else ""


def count_tests(tests: str) -> int:
    """Return the number of test functions in valid code."""
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return sum(node.name.startswith("test_") for node in functions)
