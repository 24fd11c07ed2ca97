"""A prompt with a value that is long, and its context as it is shown."""

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.messages import ContextPart, Message, TextPart

PART = ContextPart("a,b\n<1>,2\x1b]0;x\n", "df\u202e", "pandas DataFrame", "1 x 2", 4_200_000)
PROMPT = Message("user", (TextPart("Describe "), PART, TextPart(" now.")))
ITEMS = (ContextItem(PART),)
LINE = "Context: df⟨U+202E⟩ 1 x 2, 0.1 of 4,200 kB"
"""The line that shows it."""
