"""Values and protocols. Standard library only, no I/O."""
