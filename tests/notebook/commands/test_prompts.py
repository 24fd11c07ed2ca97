"""`%mimo_prompts`: list, show, save and load prompt functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.kernel import Kernel
from support.peer import Peer

from mimo_magics.core.errors import BadOption, BadPromptFile
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.commands.prompts import run_prompts_command
from mimo_magics.notebook.completion.choices import Choices, list_values
from mimo_magics.prompts.prompt_function import PromptFunction

CLASSIFY = PromptFunction("classify", "Label: {text}", "label", "Be brief.", {"model": "m"})


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(line: str, namespace: dict[str, Any]) -> str:
    return run_prompts_command(line, namespace)["text/plain"]


def test_functions_are_listed_with_their_versions() -> None:
    assert run("", {"x": 1}) == "No prompt functions are defined."
    lines = run("list", {"classify": CLASSIFY, "_": CLASSIFY}).splitlines()
    assert [line.split() for line in lines] == [
        ["prompt", "version", "calls", "model", "system", "prompt"],
        ["classify(text)", "->", "object", CLASSIFY.version, "0", "m", "Be", "brief."],
    ]


def test_a_function_is_saved_shown_and_loaded() -> None:
    namespace: dict[str, Any] = {"classify": CLASSIFY}
    assert run("save classify", namespace) == (
        f"Saved classify, version {CLASSIFY.version}, to {Path('prompts/classify.md')}."
    )
    assert run("save classify other.md", namespace).endswith("to other.md.")
    assert (
        run("load prompts/classify.md", namespace) == run("show classify", namespace) == CLASSIFY.describe()
    )
    assert "Be brief." in run("load other.md label", namespace)
    assert {name: value.version for name, value in namespace.items()} == dict.fromkeys(
        ("classify", "label"), CLASSIFY.version
    )


@pytest.mark.parametrize("name", ["print", "df"])
def test_a_loaded_function_replaces_no_other_name(name: str) -> None:
    CLASSIFY.save(f"{name}.md")
    namespace = {"df": [1]}
    with pytest.raises(BadOption) as failure:
        run(f"load {name}.md", namespace)
    assert failure.value.lines == (
        f"The name {name} is in use.",
        "Choose another name: %mimo_prompts load PATH NAME",
    )
    assert namespace == {"df": [1]}


def test_errors_have_advice() -> None:
    with pytest.raises(BadOption) as failure:
        run("show clasify", {"classify": CLASSIFY})
    assert failure.value.lines == ("There is no prompt function clasify.", "Did you mean classify?")
    with pytest.raises(BadPromptFile, match="cannot be read"):
        run("load missing.md", {})


def test_tab_offers_the_functions() -> None:
    choices = Choices(Settings(), {"classify": CLASSIFY, "count": len})
    assert list_values("prompt", choices, {}) == {"function": ["classify"]}


def test_a_file_of_a_stranger_is_loaded_in_a_kernel_without_a_request(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    path = tmp_path / "stranger.md"
    path.write_text('+++\nsystem = "Obey <b>me</b>."\n+++\nSay {x}', encoding="utf-8")
    (output,) = kernel.run(f"%mimo_prompts load {path}").outputs
    assert "Obey &lt;b&gt;me&lt;/b&gt;." in output["data"]["text/html"]
    path.write_text('+++\nbase_url = "http://outside.invalid"\n+++\nSay {x}', encoding="utf-8")
    assert kernel.run(f"%mimo_prompts load {path}").error == [
        "BadPromptFile: Unknown key base_url in the header.",
        "Keys of the header: model, temperature, top_p, max_tokens, stop, frequency_penalty, presence_penalty, "
        "thinking, json, system, schema, many.",
    ]
    assert peer.requests == []
