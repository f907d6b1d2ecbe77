"""Support's pages, by noun."""
