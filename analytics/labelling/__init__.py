"""Labelling on a customer's own site, and from what was captured there: docs/labelling.md."""
