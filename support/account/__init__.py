"""The Support tab in an account's settings: who looked in, a copy of everything, and asking to close."""
