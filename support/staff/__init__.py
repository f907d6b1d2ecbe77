"""Pages of the staff's admin about accounts, people and activity."""
