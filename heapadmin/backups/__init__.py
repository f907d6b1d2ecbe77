"""Backups of the database: one file of what is ours in it, the schedule, and the private server back to a moment."""
