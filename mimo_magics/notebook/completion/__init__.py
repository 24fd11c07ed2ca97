"""Tab completion of magics."""
