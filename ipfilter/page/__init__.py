"""The content of the Excluded IPs page, and the help that it gives while people type."""
