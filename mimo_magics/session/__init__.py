"""Sessions: turns, history, and the way of a prompt to its reply."""
