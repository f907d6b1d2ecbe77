"""The status page: what is measured, what is kept of it, and what everybody is told."""
