"""Events that are kept no longer: what will go, and removing it."""
