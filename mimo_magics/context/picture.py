"""Values that are pictures: figures of matplotlib, plotly and altair, images of Pillow and IPython, and bytes.

Each library writes its own picture. No library is imported for it: an object exists only if its library is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from io import BytesIO
from typing import Any

from mimo_magics.context import image_scaling
from mimo_magics.context.libraries import find_converter
from mimo_magics.context.media import MAX_DATA_BYTES, media_part, shorten_name, url_part
from mimo_magics.context.object_text import class_name
from mimo_magics.context.value import render_value
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_tokens import MAX_IMAGE_PIXELS
from mimo_magics.core.media_type import find_media_type, get_media_kind
from mimo_magics.core.messages import ContextPart, MediaPart
from mimo_magics.core.settings import Share

Exporter = Callable[[Any], bytes | str]
MAX_TYPE_BYTES = 64
"""The first bytes of a value that decide on its type."""


def render_part(name: str, value: Any, max_bytes: int, share: Share) -> ContextPart | MediaPart:
    """Return a value of a prompt as it is sent: a picture as media, any other value as text.

    With `share=schema` a picture is only named. Arguments are those of `render_value`; errors are those of `find_media`.
    """
    media = None if share == "schema" else find_media(name, value)
    return render_value(name, value, max_bytes, share) if media is None else media


def find_media(name: str, value: Any) -> MediaPart | None:
    """Return a value as media; `None` if it is no picture, audio or video.

    Args:
        name: what the user calls it, such as the reference in the prompt.
        value: the value.

    Raises:
        BadOption: it is one that cannot be exported, or is beyond the limits.
    """
    kind = type(value)
    if issubclass(kind, MediaPart):
        return value  # type: ignore[no-any-return]
    if issubclass(kind, (bytes, bytearray, memoryview)):
        return _from_bytes(name, value)
    export = find_converter(kind, EXPORTERS)
    if export is None:
        return None
    try:
        exported = export(value)
    except MimoError:
        raise
    except Exception as error:  # noqa: BLE001  an exporter is code of a library
        raise _export_failed(name, kind, error) from None
    if isinstance(exported, str):
        return url_part("image", exported)
    return media_part(get_media_kind(find_media_type(exported)) or "image", exported, name)


def _from_bytes(name: str, value: Any) -> MediaPart | None:
    view = memoryview(value)
    if not view.c_contiguous:
        return None
    media_kind = get_media_kind(find_media_type(view.cast("B")[:MAX_TYPE_BYTES].tobytes()))
    return media_part(media_kind, view.tobytes(), name) if media_kind else None


def _export_failed(name: str, kind: type, error: Exception) -> BadOption:
    """Return the error of an exporter. plotly and altair need a package of their own for it."""
    package = find_converter(kind, EXPORT_PACKAGES)
    return BadOption(
        Translatable(
            "{name} cannot be exported as an image: {error}.",
            name=shorten_name(name),
            error=class_name(type(error)),
        ),
        Translatable("Run: %pip install {package}", package=package)
        if package
        else Translatable("Save it as a file, and send that: --image PATH"),
    )


def _export_matplotlib(figure: Any) -> bytes:
    """Return a figure as PNG at its own resolution, or at a lower one if it had more pixels than the model sees."""
    width, height = (float(inches) * figure.dpi for inches in figure.get_size_inches())
    scale = min(1.0, math.sqrt(MAX_IMAGE_PIXELS / max(width * height, 1)))
    file = BytesIO()
    figure.savefig(file, format="png", dpi=figure.dpi * scale)
    return file.getvalue()


def _export_pillow(image: Any) -> bytes:
    width, height = image.size
    image_scaling.check_pixels(width, height, class_name(type(image)))
    return image_scaling.encode_image(image, MAX_DATA_BYTES)


def _export_display_object(value: Any) -> bytes | str:
    """Return the data of an object of `IPython.display`, or its URL."""
    if isinstance(value.data, bytes):
        return value.data
    if isinstance(url := getattr(value, "url", None), str):
        return url
    raise TypeError("no data")


def _export_plotly(figure: Any) -> bytes:
    return bytes(figure.to_image(format="png"))


def _export_altair(chart: Any) -> bytes:
    file = BytesIO()
    chart.save(file, format="png")
    return file.getvalue()


EXPORTERS: dict[type | str, Exporter] = {
    "matplotlib.figure.Figure": _export_matplotlib,
    "matplotlib.axes.Axes": lambda axes: _export_matplotlib(axes.get_figure()),
    "PIL.Image.Image": _export_pillow,
    "IPython.core.display.Image": _export_display_object,
    "IPython.lib.display.Audio": _export_display_object,
    "plotly.basedatatypes.BaseFigure": _export_plotly,
    "altair.TopLevelMixin": _export_altair,
}
"""Functions that return a file or a URL, by the module and the name of a class."""
EXPORT_PACKAGES: dict[type | str, str] = {
    "plotly.basedatatypes.BaseFigure": "kaleido",
    "altair.TopLevelMixin": "vl-convert-python",
}
"""Packages that write the pictures of these libraries."""
