"""What named events and segments say, what a question reads of them, and what uses which."""
