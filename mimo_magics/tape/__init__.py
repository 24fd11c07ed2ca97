"""Recorded HTTP calls: recording, matching and replaying."""
