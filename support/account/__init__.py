"""The Support tab in an account's settings: visits of support, an export of everything, and asking to close."""
