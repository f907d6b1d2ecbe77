"""Named events and segments: their content, what a question reads of them, and what uses which."""
