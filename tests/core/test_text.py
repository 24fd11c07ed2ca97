"""Untrusted text: invisible characters are replaced or escaped."""

from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters


def test_control_characters_of_a_model_do_not_reach_a_terminal() -> None:
    assert (
        replace_control_characters("a\tb\nc\r\x1b[31m\x07\x9b\u202e你好🙂\r\r\n\n\r")
        == "a\tb\nc\ufffd\ufffd[31m\ufffd\ufffd\ufffd你好🙂\ufffd\n\n\ufffd"
    )


def test_invisible_characters_are_escaped_and_line_endings_normalized() -> None:
    assert (
        escape_invisible_characters("a\u202eb\u200bc\x1b\r\nd\re\tf")
        == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+001B⟩\nd\ne\tf"
    )


def test_the_invisible_characters_of_scripts_emoji_and_flags_stay() -> None:
    text = "👩‍👩‍👧‍👦 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 नमस्\u200dते سلام\u200cها\u200f"
    assert escape_invisible_characters(text) == text


def test_a_tag_character_outside_a_flag_is_escaped() -> None:
    assert escape_invisible_characters("a\U000e0067b") == "a⟨U+E0067⟩b"


def test_surrogate_pairs_are_joined_and_lone_surrogates_replaced() -> None:
    assert escape_invisible_characters("\ud83d\ude42 \ud83d") == "🙂 \ufffd"


def test_text_becomes_html_that_shows_all_of_it() -> None:
    assert escape_html("<b title=\"x\">'a' & \u202eb</b>") == (
        "&lt;b title=&quot;x&quot;&gt;&#x27;a&#x27; &amp; ⟨U+202E⟩b&lt;/b&gt;"
    )
