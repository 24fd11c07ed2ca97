from __future__ import annotations

import sys

import pytest

from mimo_magics.context.encoding import NotText, UnknownEncoding, decode_text, detect_encoding

TEXTS = {
    "big5": "基隆港今天下午兩點滿潮，潮高約一百二十公分。",
    "gb18030": "今天下午两点满潮，潮高约一百二十厘米。",
    "cp932": "今日の午後二時に満潮になります。潮位は約百二十センチです。",
    "cp949": "오늘 오후 두 시에 만조가 됩니다.",
    "cp1251": "Сегодня в два часа дня прилив.",
    "koi8_r": "Сегодня в два часа дня прилив.",
    "cp1252": "Les marées hautes sont à midi — déjà vu. Größe: 5 €",
    "cp1253": "Σήμερα στις δύο το μεσημέρι.",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_text_in_an_old_encoding_is_decoded(encoding: str) -> None:
    data = f"{TEXTS[encoding]}\n".encode(encoding)
    assert decode_text(data, detect_encoding(data)) == f"{TEXTS[encoding]}\n"


@pytest.mark.parametrize(
    "encoding", ["ascii", "utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_unicode_is_decoded_with_and_without_a_byte_order_mark(encoding: str) -> None:
    text = "High tide at noon.\r\n" if encoding in ("ascii", "utf-16-le", "utf-16-be") else "潮 é\n"
    data = text.encode(encoding)
    assert decode_text(data, detect_encoding(data)) == text


def test_a_long_text_whose_sample_ends_within_a_character_is_utf_8() -> None:
    data = ("潮" * 40_000).encode()
    assert detect_encoding(data) == "utf-8"


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"\x7fELF\0\0\0\1", bytes(100), b"\1\2\3\4" * 100]
)
def test_data_is_not_text(data: bytes) -> None:
    with pytest.raises(NotText):
        detect_encoding(data)


def test_an_old_encoding_without_the_package_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    assert detect_encoding(b"plain") == "utf-8"
    with pytest.raises(UnknownEncoding):
        detect_encoding(TEXTS["big5"].encode("big5"))
