"""A Jupyter notebook that talks to the Xiaomi MiMo models."""

__version__ = "0.1.0.dev0"
