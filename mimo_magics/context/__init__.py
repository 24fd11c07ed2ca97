"""What goes into a prompt: values as text for a model, within a budget of bytes."""
