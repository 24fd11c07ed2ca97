"""The attributes that the cells of a table may have, besides those of a document."""

CELL_ATTRIBUTES = {
    "span style": r"white-space:nowrap",
    "span title": r"(?s:.*)",
    "div style": r"(?:[a-z-]+:[\w #%.,()-]+;?)+",
}
