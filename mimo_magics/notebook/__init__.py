"""IPython: the extension and its magics."""
