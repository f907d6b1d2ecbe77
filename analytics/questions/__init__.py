"""What can be asked: conditions, spans of time, the questions themselves and their parameters in a URL. Pure."""
