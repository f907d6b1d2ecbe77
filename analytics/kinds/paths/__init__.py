"""Paths: what people did after an event, or before it, step by step."""
