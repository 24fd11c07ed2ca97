"""One prompt with several settings."""
