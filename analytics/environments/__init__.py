"""What people keep in an environment, beside another environment's: copied, compared, carried over, undone."""
