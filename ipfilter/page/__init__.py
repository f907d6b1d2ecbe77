"""What the page of excluded IPs shows, and the help that it gives to whoever types."""
