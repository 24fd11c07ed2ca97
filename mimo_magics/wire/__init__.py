"""The two API formats: requests to JSON bodies, bytes of responses to events."""
