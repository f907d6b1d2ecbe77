"""The environments and excluded IPs that a worker knows."""
