"""Pages and the API for holders of an API key. The collecting paths are not here: asgi.py, wsgi.py."""
