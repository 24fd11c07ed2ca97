"""The system prompts that Xiaomi recommends, in two languages (section 8.1 of the API notes)."""

from __future__ import annotations

from datetime import date

NONE = "none"

PROMPTS = {
    "mimo": (
        "You are MiMo, an AI assistant developed by Xiaomi.\n"
        "Today's date: {date} {week}. Your knowledge cutoff date is December 2024."
    ),
    "mimo-zh": (
        "你是MiMo（中文名称也是MiMo），是小米公司研发的AI智能助手。\n"
        "今天的日期：{date} {week}，你的知识截止日期是2024年12月。"
    ),
}

WEEKDAYS = {
    "mimo": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "mimo-zh": ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"],
}
"""By language, not by locale: the person's machine may speak another one."""


def text(asked: str | None, recommended: str | None, today: date) -> str:
    """Return the system prompt; empty for none.

    Args:
        asked: what the person set: a name of a prompt, `none`, or a text of their own.
        recommended: the name of the service's own.
        today: the day on which the conversation began; one day for all of it keeps the server's prefix cache.
    """
    chosen = recommended if asked is None else asked
    if not chosen or chosen == NONE:
        return ""
    if chosen not in PROMPTS:
        return chosen
    return PROMPTS[chosen].format(date=today.isoformat(), week=WEEKDAYS[chosen][today.weekday()])
