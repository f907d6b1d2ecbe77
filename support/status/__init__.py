"""The status page: the checks, their stored results, incidents, and the public page."""
