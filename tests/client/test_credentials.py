"""API keys: their sources, and the one host that each of them belongs to."""

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from mimo_magics.client import credentials
from mimo_magics.client.credentials import FoundKey
from mimo_magics.core.errors import BadOption
from mimo_magics.core.secret import Secret


class Memory(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries = {("mimo-magics", "a.org"): "sk-ring"}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield
    keyring.set_keyring(before)


def found(host: str = "a.org") -> tuple[str, str] | None:
    key = credentials.find_key(host)
    return (str(key.value), key.source) if key else None


def test_the_sources_of_a_key_have_an_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert found("b.org") is None
    (tmp_path / ".env").write_text("# mine\nOTHER=$HOME\nMIMO_API_KEY='sk-file'\n", encoding="utf-8")
    assert found("b.org") == ("sk-file", ".env")
    assert found() == ("sk-ring", "the keyring")
    monkeypatch.setenv("MIMO_API_KEY", " sk-environment\n")
    assert found() == ("sk-environment", "MIMO_API_KEY")
    credentials.set_key("a.org", "sk-typed ")
    assert found() == ("sk-typed", "getpass")
    assert found("b.org") == ("sk-environment", "MIMO_API_KEY")


def test_a_key_may_be_missing() -> None:
    assert (credentials.find_key("b.org"), credentials.has_keys_for_other_hosts("b.org")) == (None, False)


def test_a_key_is_found_only_for_the_host_that_accepted_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMO_API_KEY", "sk-mine")
    assert (
        credentials.find_key("b.org")
        == credentials.find_key("c.org")
        == FoundKey(Secret("sk-mine"), "MIMO_API_KEY")
    )
    credentials.bind_key("b.org", Secret("sk-mine"))
    assert (found("b.org"), found("evil.org"), credentials.has_keys_for_other_hosts("evil.org")) == (
        ("sk-mine", "MIMO_API_KEY"),
        None,
        True,
    )
    assert found("a.org") == ("sk-ring", "the keyring")
    credentials.set_key("evil.org", "sk-mine")
    assert found("evil.org") == ("sk-mine", "getpass")
    monkeypatch.setenv("MIMO_API_KEY", "sk-changed")
    assert found("c.org") == ("sk-changed", "MIMO_API_KEY")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_an_unreadable_env_file_is_an_error_without_its_content(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".env").write_bytes("MIMO_API_KEY=sk-canary-é".encode(encoding))
    with pytest.raises(BadOption) as error:
        credentials.find_key("b.org")
    assert str(error.value) == "The file .env cannot be read."
    assert (error.value.__context__, error.value.__cause__) == (None, None)


@pytest.mark.parametrize("key", ["sk-\u3000wide", "sk-two\nlines", "clé"])
def test_a_key_with_invalid_characters_is_an_error_that_does_not_contain_it(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMO_API_KEY", key)
    with pytest.raises(BadOption) as error:
        credentials.find_key("b.org")
    assert key not in f"{error.value!r} {error.value.hint}"


def test_the_repr_of_a_key_is_masked() -> None:
    assert (
        repr(FoundKey(Secret("sk-canary-0123456789"), "here"))
        == "FoundKey(value='…6789', source='here', is_for_host=False)"
    )
