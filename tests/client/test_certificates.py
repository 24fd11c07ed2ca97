"""Errors for certificates that cannot be loaded: they name the variable and how to correct it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.http_calls import REQUEST, fold_events, send_request
from support.peer import KEY, Peer, reply

from mimo_magics.client import http
from mimo_magics.client.certificates import CertificateSettings
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import BadOption
from mimo_magics.core.secret import Secret

pytestmark = pytest.mark.anyio

BAD_PATHS = {
    "SSL_CERT_FILE": ["missing.pem", ".", "text.pem"],
    "SSL_CERT_DIR": ["missing", "text.pem"],
    "SSLKEYLOGFILE": ["missing/keys.log", "."],
}
BAD_VARIABLES = [(variable, path) for variable, paths in BAD_PATHS.items() for path in paths]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*BAD_PATHS, "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "text.pem").write_text("no certificate")


@pytest.mark.parametrize(("variable", "path"), BAD_VARIABLES)
async def test_an_invalid_path_is_an_error_that_names_the_variable_and_how_to_unset_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, path: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / path))
    with pytest.raises(BadOption, match=f"of {variable}: ") as failure:
        async for _ in http.stream(
            Endpoint("https://api.invalid/v1", Secret(KEY), "bearer"), "openai", REQUEST
        ):
            pass
    assert failure.value.hint == (
        f"To correct it: %env {variable}=VALUE. To unset it: import os; del os.environ['{variable}']"
    )


@pytest.mark.usefixtures("_closed")
@pytest.mark.parametrize(("variable", "path"), BAD_VARIABLES)
async def test_http_to_this_machine_loads_no_certificates(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, path: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / path))
    assert fold_events(await send_request(peer)) == reply("You said: hello")
    peer.models = ["mimo-v2-pro"]
    assert await http.list_models(Endpoint(f"{peer.url}/v1", Secret(KEY), "bearer")) == ("mimo-v2-pro",)


async def test_an_error_quotes_a_path_truncated_and_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "\x1b[31m" + "x" * 1_000)
    with pytest.raises(BadOption) as failure:
        CertificateSettings.from_environment().build_tls_context()
    assert len(str(failure.value)) < 500
    assert str(failure.value).isprintable()


async def test_one_existing_directory_of_several_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}/missing{os.pathsep}{tmp_path}")
    CertificateSettings.from_environment().build_tls_context()


async def test_without_variables_the_certificates_of_certifi_are_used() -> None:
    assert CertificateSettings.from_environment() == CertificateSettings("", "", "")
    assert CertificateSettings("", "", "").build_tls_context().get_ca_certs()
