"""Shared links: a report or a dashboard for people without a login (docs/decisions/shared-links.md)."""
