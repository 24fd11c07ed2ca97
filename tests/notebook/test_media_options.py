"""The options `--image`, `--audio` and `--video` of a cell."""

from __future__ import annotations

import argparse
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from support.media_files import FILES, png, wav

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import AudioPart, ContextPart, ImagePart, Part, TextPart, VideoPart
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.argument_parser import parse_options
from mimo_magics.notebook.cell_request import CellRequest, build_cell_request, split_options
from mimo_magics.notebook.comparison_request import build_comparison_request, parse_line
from mimo_magics.session.speech import Speech

URL = "https://a.example/x"
PNG_URL = f"data:image/png;base64,{b64encode(png()).decode()}"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plot.png").write_bytes(png())
    Path("fig").write_bytes(png())
    Path("bell.wav").write_bytes(wav())
    Path("tide.mp4").write_bytes(FILES["video/mp4"])


def request(
    line: str, prompt: str | None = "What is it?", share: Any = "sample", **variables: Any
) -> CellRequest:
    arguments, _ = split_options(line)
    options: argparse.Namespace = parse_options("%%mimo", arguments)
    return build_cell_request(options, prompt, variables, Settings(share=share))


def media(line: str, **variables: Any) -> tuple[Part, ...]:
    prompt = request(line, **variables).prompt
    assert isinstance(prompt, tuple)
    assert prompt[-1] == TextPart("What is it?")
    return prompt[:-1]


def error(line: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(BadOption) as failure:
        request(line, **options)
    return failure.value.lines


def test_media_come_before_the_prompt_in_the_order_of_their_kinds() -> None:
    parts = media(f"--video tide.mp4 --image plot.png --audio bell.wav --image {URL}")
    assert [(type(part), getattr(part, "name", "")) for part in parts] == [
        (ImagePart, "plot.png"),
        (ImagePart, URL),
        (AudioPart, "bell.wav"),
        (VideoPart, "tide.mp4"),
    ]


def test_a_cell_without_media_is_sent_as_before() -> None:
    assert request("").prompt == "What is it?"


def test_a_name_is_a_variable_and_a_path_is_a_file() -> None:
    assert media("--image img", img=png()) == (ImagePart(PNG_URL, "img"),)
    assert media('--image plots["tide"]', plots={"tide": png()}) == (ImagePart(PNG_URL, 'plots["tide"]'),)
    assert media("--image fig", fig=png(9, 9)) != media("--image ./fig", fig=png(9, 9))
    assert media("--image ./fig") == media("--image fig") == (ImagePart(PNG_URL, "fig"),)
    assert media("--image plot.png", plot=3) == (ImagePart(PNG_URL, "plot.png"),)


def test_a_variable_may_hold_a_path_or_a_web_address() -> None:
    assert (
        media("--image p", p="plot.png")
        == media("--image p", p=Path("plot.png"))
        == media("--image plot.png")
    )
    assert media("--audio u", u=URL) == (AudioPart(URL, URL),)


def test_a_speech_is_sent_as_audio() -> None:
    speech = Speech(wav(), "wav", 1.0, "Good morning.", "mimo-v2.5-tts")
    assert media("--audio speech", speech=speech) == media("--audio speech", speech=wav())
    assert (
        error("--image speech", speech=speech)[0] == "speech is not an image (PNG, JPEG, GIF, WebP or BMP)."
    )


def test_the_options_of_a_video_hold_for_all_videos() -> None:
    line = f"--video {URL} --video {URL} --fps 0.5 --media-resolution max --image {URL}"
    video = VideoPart(URL, URL, 0.5, "max")
    assert media(line) == (ImagePart(URL, URL), video, video)


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        (
            "--image bell.wav",
            (
                "bell.wav is not an image (PNG, JPEG, GIF, WebP or BMP).",
                "The first bytes of a file decide, not its name.",
            ),
        ),
        (
            "--image df",
            ("df is not an image (PNG, JPEG, GIF, WebP or BMP).", "For a file of that name, write ./df."),
        ),
        (
            "--audio df.a",
            (
                "The file 'df.a' does not exist.",
                "Check the path. A relative path starts in the working folder of the kernel.",
            ),
        ),
        (
            "--video img",
            ("img is not a video (MP4, MOV, AVI or WMV).", "For a file of that name, write ./img."),
        ),
        (
            "--image file:///etc/passwd",
            (
                "file:///etc/passwd is not an http or https URL.",
                "Percent-encode blanks and non-ASCII characters, and leave out passwords.",
            ),
        ),
        ("--fps 2", ("--fps needs a video.", "Add --video PATH or --video URL.")),
        ("--media-resolution max", ("--media-resolution needs a video.", "Add --video PATH or --video URL.")),
        *(
            (
                f"--video {URL} --fps {fps}",
                (
                    f"Invalid value '{float(fps)}' for --fps.",
                    "Use a number of frames per second from 0.1 to 10.",
                ),
            )
            for fps in ("0", "11", "nan", "-1")
        ),
    ],
)
def test_what_cannot_be_sent_is_an_error(line: str, lines: tuple[str, str]) -> None:
    assert error(line, df={"a": 1}, img=png()) == lines


def test_media_need_a_prompt() -> None:
    assert error(f"--image {URL}", prompt=" ")[0] == "The prompt is empty."
    assert error(f"--image {URL}", prompt=None) == (
        "A reply is continued without images, audio and video.",
        "Write a prompt instead.",
    )


@pytest.mark.parametrize("line", ["--image plot.png", "--image img", "--audio bell.wav", "--video tide.mp4"])
def test_with_schema_only_web_addresses_are_sent(line: str) -> None:
    assert error(line, share="schema", img=png()) == (
        f"share=schema sends no images, audio or video: {line.split()[1]}.",
        "Remove them, or share them for this prompt: --share sample",
    )
    assert request(f"{line} --share sample", share="schema", img=png()).prompt
    assert media(f"--image {URL}", share="schema") == (ImagePart(URL, URL),)


def test_a_figure_in_a_prompt_is_an_image_at_its_place() -> None:
    fig = Figure(figsize=(1, 1))
    before, image, after = request("", "Before {fig} after", fig=fig).prompt or ()
    assert (before, after) == (TextPart("Before "), TextPart(" after"))
    assert isinstance(image, ImagePart)
    assert image.name == "fig"
    (alone,) = request("", "{fig}", fig=fig).prompt or ()
    assert alone == image


def test_with_schema_a_figure_in_a_prompt_is_named() -> None:
    prompt = request("", "See {fig}", share="schema", fig=Figure()).prompt
    assert prompt == (
        TextPart("See "),
        ContextPart("Figure\nValues are not shared.", "fig", "Figure", "Figure, schema", 29),
    )


def test_a_figure_that_cannot_be_sent_is_an_error_and_no_unresolved_reference() -> None:
    with pytest.raises(BadOption, match="img cannot be read as an image"):
        request("", "See {img}", img=FILES["image/jpeg"])


def test_a_comparison_sends_media_too() -> None:
    options = parse_line(f"--image plot.png --video {URL} --fps 2 --model a b")
    compared = build_comparison_request(options, "What is it? {img}", {"img": png()})
    assert compared.prompt == (
        ImagePart(PNG_URL, "plot.png"),
        VideoPart(URL, URL, 2.0),
        TextPart("What is it? "),
        ImagePart(PNG_URL, "img"),
    )
    assert [variant.options for variant in compared.variants] == [{"model": "a"}, {"model": "b"}]
