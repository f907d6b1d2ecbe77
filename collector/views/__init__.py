"""Pages, and the API for programs with an API key. The collecting paths are in asgi.py and wsgi.py."""
