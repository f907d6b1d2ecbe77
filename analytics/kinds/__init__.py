"""The kinds of questions, one file for each. kind.py says what a kind is; registry.py lists them all."""
