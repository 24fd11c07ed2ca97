"""Structured results: replies that are read as JSON and validated against a schema."""
