"""Views of accounts, one file per subject."""
