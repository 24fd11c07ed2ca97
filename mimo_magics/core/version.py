"""The version of the package. No other place contains it."""

__version__ = "0.1.0.dev0"
