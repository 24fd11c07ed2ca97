"""The two formats of the MiMo API: requests to JSON, bytes to events."""
