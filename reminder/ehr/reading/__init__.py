"""What one resource says, whatever it holds: in values of `model`, or why not."""
