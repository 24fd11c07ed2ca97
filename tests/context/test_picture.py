"""Values that are pictures are sent as images; all others as text."""

from __future__ import annotations

import io
import sys
from base64 import b64decode
from types import ModuleType
from typing import Any

import pytest
from IPython import display
from matplotlib.figure import Figure
from PIL import Image
from support.media_files import FILES, OTHER_FILES, png, wav

from mimo_magics.context.picture import find_media, render_part
from mimo_magics.context.value import render_value
from mimo_magics.core.errors import BadOption
from mimo_magics.core.media_tokens import MAX_IMAGE_PIXELS
from mimo_magics.core.messages import AudioPart, ImagePart, VideoPart


def figure(**options: Any) -> Figure:
    found = Figure(**options)
    found.add_subplot().plot([1, 3, 2])
    return found


def decode(part: Any) -> Image.Image:
    assert isinstance(part, ImagePart)
    image = Image.open(io.BytesIO(b64decode(part.url.partition(",")[2])))
    image.load()
    return image


def test_a_figure_is_a_png_of_its_own_size() -> None:
    drawn = figure(figsize=(4, 3), dpi=50)
    part = find_media("fig", drawn)
    assert isinstance(part, ImagePart)
    assert part.name == "fig"
    assert part.url.startswith("data:image/png;base64,")
    assert decode(part).size == (200, 150)
    assert drawn.dpi == 50


def test_the_axes_of_a_figure_are_sent_as_the_figure() -> None:
    drawn = figure(figsize=(4, 3), dpi=50)
    assert decode(find_media("ax", drawn.axes[0])).size == (200, 150)


def test_a_large_figure_is_drawn_with_the_pixels_that_the_model_sees() -> None:
    image = decode(find_media("fig", figure(figsize=(200, 50), dpi=300)))
    assert 0.99 * MAX_IMAGE_PIXELS < image.width * image.height <= MAX_IMAGE_PIXELS


def test_an_image_of_pillow_is_sent() -> None:
    assert decode(find_media("img", Image.new("RGB", (40, 30)))).size == (40, 30)
    large = decode(find_media("img", Image.new("RGB", (6_000, 2_000))))
    assert large.width * large.height <= MAX_IMAGE_PIXELS


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
def test_bytes_are_sent_as_what_they_are(convert: Any) -> None:
    assert isinstance(find_media("x", convert(png())), ImagePart)
    assert isinstance(find_media("x", convert(wav())), AudioPart)
    assert isinstance(find_media("x", convert(FILES["video/mp4"])), VideoPart)


@pytest.mark.parametrize(
    "value",
    [*OTHER_FILES.values(), memoryview(png())[::-1], "plot.png", 3, None, ["a"], object(), png],
)
def test_other_values_are_text(value: Any) -> None:
    assert find_media("x", value) is None
    assert render_part("x", value, 1_000, "sample") == render_value("x", value, 1_000, "sample")


def test_objects_of_ipython_are_sent_as_their_data_or_their_url() -> None:
    assert decode(find_media("x", display.Image(png()))).size == (4, 3)
    url = "https://a.example/x.png"
    assert find_media("x", display.Image(url=url)) == ImagePart(url, url)
    assert isinstance(find_media("x", display.Audio(wav())), AudioPart)
    assert find_media("x", display.SVG("<svg/>")) is None
    with pytest.raises(BadOption, match="is not an http or https URL"):
        find_media("x", display.Image(url="file:///etc/passwd"))


def test_a_part_is_sent_as_it_is() -> None:
    part = VideoPart("https://a.example/x.mp4", "tide", 2.0)
    assert find_media("x", part) is part


@pytest.mark.parametrize(
    "value", [figure(), Image.new("RGB", (4, 3)), png(), ImagePart("data:image/png;base64,AAAA")]
)
def test_with_schema_a_picture_is_only_named(value: Any) -> None:
    part = render_part("x", value, 1_000, "schema")
    assert part == render_value("x", value, 1_000, "schema")
    assert "not shared" in part.text


class Broken(Figure):
    def savefig(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")


def test_a_figure_that_cannot_be_drawn_is_an_error_without_its_message() -> None:
    with pytest.raises(BadOption) as failure:
        find_media("fig", Broken())
    assert failure.value.lines == (
        "fig cannot be exported as an image: RuntimeError.",
        "Save it as a file, and send that: --image PATH",
    )


@pytest.fixture
def chart_libraries(monkeypatch: pytest.MonkeyPatch) -> dict[str, type]:
    """Classes that export like those of plotly and altair."""

    class Drawing:
        error: Exception | None = None

        def draw(self, file_format: str) -> bytes:
            assert file_format == "png"
            if self.error:
                raise self.error
            return png()

    class BaseFigure(Drawing):
        def to_image(self, format: str) -> bytes:  # noqa: A002  the name of plotly
            return self.draw(format)

    class TopLevelMixin(Drawing):
        def save(self, file: io.BytesIO, format: str) -> None:  # noqa: A002  the name of altair
            file.write(self.draw(format))

    plotly, altair = ModuleType("plotly"), ModuleType("altair")
    plotly.basedatatypes = ModuleType("plotly.basedatatypes")  # type: ignore[attr-defined]
    plotly.basedatatypes.BaseFigure = BaseFigure
    altair.TopLevelMixin = TopLevelMixin  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "plotly", plotly)
    monkeypatch.setitem(sys.modules, "altair", altair)
    return {
        "kaleido": type("Figure", (BaseFigure,), {}),
        "vl-convert-python": type("Chart", (TopLevelMixin,), {}),
    }


@pytest.mark.parametrize("package", ["kaleido", "vl-convert-python"])
def test_a_chart_is_exported_by_its_library(chart_libraries: dict[str, type], package: str) -> None:
    assert decode(find_media("fig", chart_libraries[package]())).size == (4, 3)


@pytest.mark.parametrize("package", ["kaleido", "vl-convert-python"])
def test_a_chart_that_cannot_be_exported_names_the_package(
    chart_libraries: dict[str, type], package: str
) -> None:
    chart = chart_libraries[package]()
    chart.error = ValueError("a secret")
    with pytest.raises(BadOption) as failure:
        find_media("fig", chart)
    assert failure.value.lines == (
        "fig cannot be exported as an image: ValueError.",
        f"Run: %pip install {package}",
    )
