"""The one door to `events`, `people` and `merges` for reading, for analytics and support: current.py opens it."""
