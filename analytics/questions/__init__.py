"""Questions and their parts: conditions, spans of time, answers, and parameters in a URL. Pure."""
