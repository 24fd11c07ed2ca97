"""The embedded model: weights and server process."""
