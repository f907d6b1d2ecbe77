"""Visits: support looks into an account ("View as")."""
