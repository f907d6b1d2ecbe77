"""Support looking into an account: "View as"."""
