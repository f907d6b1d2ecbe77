"""What a request holds, before it means anything: its address, headers, body and parameters. Pure."""
