"""Closing an account: locking everybody out at once, and removing every row of it after the grace period."""
