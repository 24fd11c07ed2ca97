"""What the kernel and the front end report, and how cells run in them."""
