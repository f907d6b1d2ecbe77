"""Dashboards: their tiles, which of them an environment has, and what changes them."""
