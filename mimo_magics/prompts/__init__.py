"""Prompts that are kept: those of this package, prompt functions, and checks of prompts."""
