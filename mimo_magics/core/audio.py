"""Audio files: the format and the duration of some bytes, and WAV files from samples.

The bytes come from servers and from files. Their format is what they contain, and not what a name or a header says.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

AudioFormat = Literal["wav", "mp3"]
MIME_TYPES: Mapping[AudioFormat, str] = {"wav": "audio/wav", "mp3": "audio/mpeg"}

SAMPLE_RATE, SAMPLE_BYTES = 24_000, 2
"""The samples of a streamed speech: one channel of 16 bits."""
MAX_CHUNKS = 1_000
"""Limit of the chunks before the samples of a WAV file. Real files have a few."""
MAX_CHANNELS, MAX_SAMPLE_RATE = 64, 768_000
STREAMED_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""Sizes in the header of a WAV file whose length was unknown when it was written."""
STREAMED_HEADER_SLACK = 0x1000
"""Such sizes may be lower by the size of the header."""
MP3_BITRATES = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits per second of MPEG 1, and of the lower sample rates, by the index of a frame header from 1."""
MP3_SAMPLE_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By the version in a frame header: MPEG 1, 2 and 2.5."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What the bytes of an audio file are."""

    format: AudioFormat
    seconds: float

    @property
    def mime_type(self) -> str:
        """The MIME type of the format."""
        return MIME_TYPES[self.format]


def identify_audio(data: bytes) -> AudioInfo | None:
    """Return format and duration of a complete WAV or MP3 file, or `None` for other bytes."""
    if data.startswith(b"RIFF"):
        seconds = _measure_wav(data)
        return AudioInfo("wav", seconds) if seconds else None
    seconds = _measure_mp3(data)
    return AudioInfo("mp3", seconds) if seconds else None


def build_wav(samples: bytes) -> bytes:
    """Return a WAV file of streamed samples. Half a sample at the end is left out."""
    samples = samples[: len(samples) // SAMPLE_BYTES * SAMPLE_BYTES]
    byte_rate = SAMPLE_RATE * SAMPLE_BYTES
    layout = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, byte_rate, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", len(layout))
    return b"".join((head, layout, struct.pack("<4sI", b"data", len(samples)), samples))


def measure_samples(size: int) -> float:
    """Return the seconds of so many bytes of streamed samples."""
    return size / (SAMPLE_RATE * SAMPLE_BYTES)


def _measure_wav(data: bytes) -> float:
    """Return the seconds of a WAV file; 0 if it is damaged or claims more than it contains."""
    position, byte_rate = 12, 0
    if data[8:12] != b"WAVE":
        return 0.0
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            break
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"data":
            count = _count_wav_samples(size, len(data) - position)
            return count / byte_rate if byte_rate else 0.0
        if name == b"fmt " and size >= 16 and position + 16 <= len(data):
            byte_rate = _read_byte_rate(data, position)
        position += size + size % 2
    return 0.0


def _count_wav_samples(claimed: int, present: int) -> int:
    """Return the bytes of samples; 0 if the file claims more than it contains."""
    is_streamed = any(
        claimed == size or size - STREAMED_HEADER_SLACK <= claimed < size for size in STREAMED_SIZES
    )
    return present if is_streamed else claimed if claimed <= present else 0


def _read_byte_rate(data: bytes, position: int) -> int:
    _, channels, rate, _, block_bytes, _ = struct.unpack_from("<HHIIHH", data, position)
    is_valid = 0 < channels <= MAX_CHANNELS and 0 < rate <= MAX_SAMPLE_RATE
    return int(rate * block_bytes) if is_valid else 0


def _measure_mp3(data: bytes) -> float:
    """Return the seconds of an MP3 file; 0 if less than half of it consists of frames."""
    start = position = _skip_id3(data)
    seconds = 0.0
    while (frame := _read_mp3_frame(data, position)) is not None:
        length, duration = frame
        position += length
        seconds += duration
    return seconds if position - start > (len(data) - start) / 2 else 0.0


def _skip_id3(data: bytes) -> int:
    """Return where the frames begin, after the tag with title and artist."""
    if not data.startswith(b"ID3") or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return size + (20 if data[5] & 0x10 else 10)


def _read_mp3_frame(data: bytes, position: int) -> tuple[int, float] | None:
    """Return bytes and seconds of the frame at a position, or `None` if there is none."""
    head = data[position : position + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bitrate_index, rate_index = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in MP3_SAMPLE_RATES or not 0 < bitrate_index < 15 or rate_index == 3:
        return None
    is_first_version = version == 3
    rate = MP3_SAMPLE_RATES[version][rate_index]
    bitrate = MP3_BITRATES[is_first_version][bitrate_index - 1] * 1_000
    sample_count = 1_152 if is_first_version else 576
    return sample_count // 8 * bitrate // rate + (head[2] >> 1 & 1), sample_count / rate
