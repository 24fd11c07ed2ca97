"""Recorded HTTP calls: record, match and replay them."""
