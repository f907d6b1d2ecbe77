"""Copying, comparing and carrying over what people keep in two environments, and undoing it."""
