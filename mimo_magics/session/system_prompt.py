"""The system prompts that Xiaomi recommends for the MiMo models, in English and Chinese."""

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
"""By language of the prompt, not by locale: the locale of the computer may differ."""


def build_system_prompt(setting: str | None, recommended: str | None, today: date) -> str:
    """Return the system prompt; empty for none.

    Args:
        setting: value of the setting: the name of a prompt, `none`, or a text.
        recommended: name of the prompt that the service recommends.
        today: date in the prompt. A session uses the date of its start, so that the prefix cache of the server matches.
    """
    prompt = recommended if setting is None else setting
    if not prompt or prompt == NO_SYSTEM_PROMPT:
        return ""
    if prompt not in SYSTEM_PROMPTS:
        return prompt
    return SYSTEM_PROMPTS[prompt].format(date=today.isoformat(), week=WEEKDAYS[prompt][today.weekday()])
