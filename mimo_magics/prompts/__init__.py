"""Prompt functions and prompt files: prompts with slots that are called like functions."""
