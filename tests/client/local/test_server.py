"""The server process of the embedded model, with a real model."""

import subprocess
import sys
from pathlib import Path

import openai
import pytest
from support.embedded_model import MODEL
from support.peer import wait_until

from mimo_magics.client import endpoint
from mimo_magics.client.local import process as local_process, weights
from mimo_magics.core.settings import Settings
from mimo_magics.session.session import Session


def test_the_server_rejects_calls_without_its_key(local_session: Session) -> None:
    local_session.ask("hi", max_tokens=1)
    server = endpoint.resolve_endpoint(Settings(preset="local"))
    assert server.host.startswith("127.0.0.1:")
    other = openai.OpenAI(base_url=server.base_url, api_key="another", max_retries=0)
    with other as sdk, pytest.raises(openai.AuthenticationError):
        sdk.chat.completions.create(model="mimo-local", messages=[{"role": "user", "content": "hi"}])


@pytest.mark.usefixtures("_model")
@pytest.mark.parametrize("end", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_server_exits_with_its_parent_process(end: str) -> None:
    code = (
        "from mimo_magics import Session; from mimo_magics.client.local import process; Session(preset='local').ask('hi', max_tokens=1);"
        f"print(process._servers['{MODEL}'].process.pid, flush=True); {end}"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    server = Path(f"/proc/{run.stdout.strip()}")
    assert run.stdout.strip().isdecimal(), run.stderr
    wait_until(lambda: not server.exists())


@pytest.mark.parametrize("_own_module", ["json", "logging"], indirect=True)
@pytest.mark.usefixtures("_model", "_own_module")
def test_the_server_does_not_import_a_users_file_with_the_name_of_a_library() -> None:
    server = local_process._launch_server(weights.get_weights_path(MODEL))
    local_process._stop_server(server.process)
    assert server.url.startswith("http://127.0.0.1:")
