"""HTTP calls, credentials, endpoints, and the embedded model."""
