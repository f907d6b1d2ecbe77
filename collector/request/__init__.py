"""The parts of a request before they are interpreted: address, headers, body and parameters. Pure."""
