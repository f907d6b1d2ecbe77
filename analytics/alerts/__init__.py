"""Alerts: what is watched in an environment, how it is judged, and who is told."""
