"""The store of settings, and what writes it."""
