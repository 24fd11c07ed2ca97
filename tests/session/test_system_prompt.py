"""The system prompts that Xiaomi recommends."""

from datetime import date, timedelta

import pytest

from mimo_magics.session.system_prompt import build_system_prompt

DAY = date(2026, 3, 20)


def test_the_prompt_contains_the_date_with_its_weekday() -> None:
    assert build_system_prompt("mimo", None, DAY) == (
        "You are MiMo, an AI assistant developed by Xiaomi.\n"
        "Today's date: 2026-03-20 Friday. Your knowledge cutoff date is December 2024."
    )
    assert build_system_prompt("mimo-zh", None, DAY) == (
        "你是MiMo（中文名称也是MiMo），是小米公司研发的AI智能助手。\n"
        "今天的日期：2026-03-20 星期五，你的知识截止日期是2024年12月。"
    )


def test_weekdays_are_in_the_language_of_the_prompt() -> None:
    week = [DAY + timedelta(days) for days in range(7)]
    assert [build_system_prompt("mimo-zh", None, day).split("星期")[1][0] for day in week] == list(
        "五六日一二三四"
    )
    assert [build_system_prompt("mimo", None, day).split()[12].rstrip(".") for day in week] == [
        day.strftime("%A") for day in week
    ]


@pytest.mark.parametrize(
    ("sent", "recommended", "expected"),
    [
        (None, None, ""),
        (None, "mimo", build_system_prompt("mimo", None, DAY)),
        ("none", "mimo", ""),
        ("", "mimo", ""),
        ("Be brief {date}.", "mimo", "Be brief {date}."),
        ("mimo-zh", None, build_system_prompt("mimo-zh", None, DAY)),
    ],
)
def test_the_user_chooses_or_leaves_it_to_the_service(
    sent: str | None, recommended: str | None, expected: str
) -> None:
    assert build_system_prompt(sent, recommended, DAY) == expected
