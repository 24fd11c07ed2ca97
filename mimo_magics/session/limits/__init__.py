"""Budgets, usage and the context window."""
