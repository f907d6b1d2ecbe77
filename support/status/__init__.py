"""The status page: what is measured, what is stored of it, and what the public page shows."""
