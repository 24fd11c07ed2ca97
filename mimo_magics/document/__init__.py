"""Replies at rest: sanitized HTML and plain text."""
