"""Documents: replies, tables and comparisons as sanitized HTML and plain text."""
