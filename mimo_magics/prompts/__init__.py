"""Prompts that are kept: those of this package, and prompt functions."""
