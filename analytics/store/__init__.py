"""Reading what was collected: the one door to `events`, `people` and `merges` for analytics."""
