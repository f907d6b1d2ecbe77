"""Heap's wire protocol: what each endpoint takes, checked field by field, and what it answers. Pure."""
