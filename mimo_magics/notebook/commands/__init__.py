"""The line magics that send no prompt."""
