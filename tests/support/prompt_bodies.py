"""Prompts with the special syntax that IPython and Python look for in code."""

from hypothesis import strategies as st

PIECES = (
    ">>> ",
    "...",
    "... ",
    "In [1]: ",
    "   ...: ",
    "    ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "?",
    "%",
    "%%mimo",
    "!",
    "\\",
    '"""',
    "'''",
    "'",
    '"',
    "#",
    "# %%",
    "{x}",
    "<<<<<<< a",
    ">>>>>>> b",
    "=======",
    "f()",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\ufeff",
    "\xa0",
    "\0",
    "臺北",
    "🙂",
    "%time",
    "@title",
    "---",
)
BODIES = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
).map("".join)
"""Any text without surrogates."""
