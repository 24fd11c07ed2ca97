"""Renderers: they show a turn while it runs."""
