"""The system prompts that Xiaomi recommends, in two languages (section 8.1 of the API notes)."""

from __future__ import annotations

from datetime import date

NO_SYSTEM_PROMPT = "none"

SYSTEM_PROMPTS = {
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


def build_system_prompt(setting: str | None, recommended: str | None, today: date) -> str:
    """Return the system prompt; empty for none.

    Args:
        setting: what the person set: a name of a prompt, `none`, or a text of their own.
        recommended: the name of the service's own.
        today: the day on which the conversation began; one day for all of it keeps the server's prefix cache.
    """
    prompt = recommended if setting is None else setting
    if not prompt or prompt == NO_SYSTEM_PROMPT:
        return ""
    if prompt not in SYSTEM_PROMPTS:
        return prompt
    return SYSTEM_PROMPTS[prompt].format(date=today.isoformat(), week=WEEKDAYS[prompt][today.weekday()])
