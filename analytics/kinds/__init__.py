"""The kinds of questions, a file each. kind.py says what a kind is, registry.py lists them all."""
