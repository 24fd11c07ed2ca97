"""What the package asks of the kernel and the front end."""
