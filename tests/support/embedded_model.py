"""The embedded model of the tests."""

MODEL = "smollm2-135m"
