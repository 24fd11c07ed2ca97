"""The live view: widgets while a turn runs."""
