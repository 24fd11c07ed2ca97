"""Small files of every kind of media, and their types."""

from __future__ import annotations

import io
import struct
import wave
import zlib


def png(width: int = 4, height: int = 3) -> bytes:
    """Return a whole gray PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x7f" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bmp(width: int = 4, height: int = 3) -> bytes:
    """Return a whole BMP file, whose rows begin at the top."""
    pixels = (b"\x7f" * (width * 3 + width % 4)) * height
    head = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, len(pixels), 1, 1, 0, 0) + pixels


def wav(seconds: float = 1.0, rate: int = 8_000) -> bytes:
    """Return silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(b"\0\0" * int(seconds * rate))
    return file.getvalue()


def mp3(seconds: float = 1.0, tag: bytes = b"") -> bytes:
    """Return frames of 128 kilobits a second, after a tag."""
    size = len(tag)
    length = bytes((size >> 21 & 0x7F, size >> 14 & 0x7F, size >> 7 & 0x7F, size & 0x7F))
    head = b"ID3\x04\0\0" + length + tag if tag else b""
    return head + b"\xff\xfb\x90\x00" + b"\0" * (int(seconds * 16_000) - 4)


def flac(seconds: int = 1, rate: int = 8_000) -> bytes:
    """Return the header of a FLAC file."""
    info = (rate << 44 | 15 << 36 | seconds * rate).to_bytes(8, "big")
    return b"fLaC\x80\0\0\x22" + b"\0" * 10 + info + b"\0" * 16


def iso(brand: bytes) -> bytes:
    """Return the header of an MP4, MOV or M4A file."""
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + brand + b"mp42" + b"\0" * 40


FILES = {
    "image/png": png(),
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "image/gif": b"GIF89a\x04\0\x03\0\0\0\0;",
    "image/webp": b"RIFF\x1a\0\0\0WEBPVP8L",
    "image/bmp": bmp(),
    "audio/mpeg": mp3(),
    "audio/wav": wav(),
    "audio/flac": flac(),
    "audio/mp4": iso(b"M4A "),
    "audio/ogg": b"OggS\0\x02" + b"\0" * 22,
    "video/mp4": iso(b"isom"),
    "video/quicktime": iso(b"qt  "),
    "video/x-msvideo": b"RIFF\x1a\0\0\0AVI LIST",
    "video/x-ms-wmv": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\0" * 8,
}
"""The beginning of a file by its type; PNG, BMP and WAV are whole files."""

OTHER_FILES = {
    "empty": b"",
    "text": b"Keelung",
    "text like BMP": b"BMW is a maker of cars in Munich, Bavaria.",
    "text like MP3": b"ID3 is an algorithm for trees.",
    "text like ISO": b"Gdayftypo in a sentence",
    "PDF": b"%PDF-1.7",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "HTML": b"<!DOCTYPE html><img src=x onerror=alert(1)>",
    "HEIC": iso(b"heic"),
    "AVIF": iso(b"avif"),
    "ZIP": b"PK\x03\x04",
    "RIFF": b"RIFF\0\0\0\0what",
    "UTF-16": "\ufeffKeelung".encode("utf-16-le"),
}
