"""The magic `%mimo_config`, and the table that it shows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.config_table import shown_rows
from support.kernel import Kernel
from support.peer import KEY, Peer

from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.store import MimoConfig


def test_config_and_mimo_config_change_the_same_settings(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%config MimoConfig.model = 'mimo-v2-omni'")
    kernel.run("%mimo_config model=mimo-v2-flash")
    assert kernel.run("%config MimoConfig.model").outputs[0]["data"] == {"text/plain": "'mimo-v2-flash'"}
    changed = [line.split()[:3] for line in kernel.run("%mimo_config").documents[0].splitlines()]
    assert ["model", "mimo-v2-flash", "notebook"] in changed
    assert ["api_key", f"…{KEY[-4:]}", "MIMO_API_KEY"] in changed


def test_an_api_key_is_entered_unseen_and_bound_to_its_host(kernel: Kernel, peer: Peer) -> None:
    typed = "sk-typed-0123456789"
    kernel.run(f"%mimo_config base_url=http://localhost:{peer.host.rpartition(':')[2]}/v1")
    ran, question = kernel.answer("%mimo_config api_key", typed)
    assert question == {"prompt": f"API key for localhost:{peer.host.rpartition(':')[2]}: ", "password": True}
    assert ran.documents[0].splitlines()[1].split()[:3] == ["api_key", "…6789", "getpass"]
    kernel.run("%%mimo\nhello")
    kernel.run(f"%mimo_config base_url={peer.url}/v1")
    kernel.run("%%mimo\nhello")
    assert [seen.headers["authorization"] for seen in peer.requests] == [f"Bearer {typed}", f"Bearer {KEY}"]
    assert typed not in json.dumps(ran.messages)


def test_an_unattended_kernel_does_not_ask_for_an_api_key(kernel: Kernel) -> None:
    ran = kernel.run("%mimo_config api_key", watched=False)
    assert ran.error == [
        "BadOption: The API key cannot be entered here: the front end accepts no input.",
        "Set the environment variable MIMO_API_KEY instead.",
    ]


def test_an_api_key_on_the_line_is_refused(kernel: Kernel) -> None:
    ran = kernel.run("%mimo_config api_key=sk-written")
    assert ran.error == [
        "BadOption: An API key does not belong in a cell.",
        "To enter it unseen: %mimo_config api_key",
    ]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "api_key=sk-canary",
            "api_key sk-canary",
            "api_key = sk-canary",
            "api_key='sk-canary",
            "api_key: sk-canary",
        ),
        *("top_p=1 api_key=sk-canary", "--save all api_key=sk-canary", "--use all 'api_key=sk-canary"),
        *("--reset api_key=sk-canary", "--use api_key=sk-canary", "--delete API_KEY=sk-canary"),
        *('"api_key" sk-canary', "api_key,sk-canary", "api_key'sk-canary'", "apikey=sk-canary"),
    ],
)
def test_no_error_quotes_an_api_key(line: str) -> None:
    with pytest.raises(BadOption) as caught:
        run_config_command(line, MimoConfig())
    assert "canary" not in "".join(caught.value.lines)


def test_profiles_outlive_the_kernel(kernel: Kernel) -> None:
    saved = kernel.run("%mimo_config --save strict temperature=0.2")
    assert saved.documents[0].splitlines()[1].startswith("strict   base_url=")
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics")
    shown = kernel.run("%mimo_config --use strict").documents[0]
    assert ["temperature", "0.2", "profile", "strict"] in [line.split()[:4] for line in shown.splitlines()]
    assert kernel.run("%mimo_config --use strikt").error == [
        "BadOption: There is no profile 'strikt'.",
        "Did you mean strict?",
    ]
    assert kernel.run("%mimo_config --delete strict").documents == ["No profiles are saved."]


def test_profiles_are_stored_in_the_configuration_folder_of_the_user(kernel: Kernel) -> None:
    kernel.run("%mimo_config --save mine top_p=0.5")
    printed = kernel.run(
        "import os, pathlib\nprint(*(p.name for p in pathlib.Path(os.environ['XDG_CONFIG_HOME']).rglob('*.json')))"
    )
    assert printed.text == "mine.json\n"


@pytest.fixture
def folder() -> Path:
    """Return the folder of the profiles."""
    return Path(os.environ["XDG_CONFIG_HOME"]) / "mimo-magics" / "profiles"


@pytest.fixture(autouse=True)
def _run_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_list_of_profiles_leaves_out_unknown_settings() -> None:
    profiles.save("newer", {"new": 1, "top_p": 0.5})
    assert shown_rows("--use", MimoConfig()) == [["newer", "top_p=0.5"]]


@pytest.mark.parametrize(
    ("line", "fact", "hint"),
    [
        ("--save", "An argument is missing.", "Usage: %mimo_config --save PROFILE [NAME=VALUE ...]"),
        ("--delete", "An argument is missing.", "Usage: %mimo_config --delete PROFILE"),
        ("--delete a b", "Unexpected argument 'b'.", "Usage: %mimo_config --delete PROFILE"),
        ("temperatur", "'temperatur' is not NAME=VALUE.", "Did you mean temperature?"),
        ("zzz", "'zzz' is not NAME=VALUE.", "Write name=value, such as temperature=0.2."),
    ],
)
def test_an_invalid_line_is_an_error_of_two_lines(line: str, fact: str, hint: str) -> None:
    with pytest.raises(BadOption) as caught:
        run_config_command(line, MimoConfig())
    assert (str(caught.value), caught.value.hint) == (fact, hint)


def test_a_profile_never_contains_an_api_key(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("MIMO_API_KEY", "sk-canary")
    run_config_command("--save all temperature=1", MimoConfig())
    assert "canary" not in (folder / "all.json").read_text()
    with pytest.raises(BadOption):
        run_config_command("--save all api_key=sk-canary", MimoConfig())


def test_a_base_url_with_a_password_is_not_saved(folder: Path) -> None:
    with pytest.raises(BadOption, match="The base URL 'host/v1' is not a valid URL"):
        run_config_command("--save all base_url=https://me:sk-canary@host/v1", MimoConfig())
    assert not folder.exists()


def test_the_table_shows_the_assignments_of_a_profile() -> None:
    profiles.save("strict", {"temperature": 0.2, "system": "Be brief."})
    assert run_config_command("--use", MimoConfig())["text/plain"].splitlines() == [
        "profile  settings",
        "strict   'system=Be brief.' temperature=0.2",
    ]
    assert run_config_command("--delete strict", MimoConfig())["text/plain"] == "No profiles are saved."


def test_a_profile_leaves_out_the_path_of_the_notebook(folder: Path) -> None:
    run_config_command("--save shared notebook=a.ipynb autosave=on", MimoConfig())
    assert json.loads((folder / "shared.json").read_text()) == {"autosave": True}


def test_an_invalid_profile_does_not_hide_the_others() -> None:
    profiles.save("bad", {"thinking": "yes"})
    profiles.save("good", {"top_p": 1})
    assert [row[0] for row in shown_rows("--use", MimoConfig())] == ["bad", "good"]


def test_prices_are_shown() -> None:
    table = run_config_command("""prices='{"m": [1, 2, 3]}'""", MimoConfig())["text/plain"]
    assert "{'m': [1, 2, 3]}" in table
