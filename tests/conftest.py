"""A private PostgreSQL for the whole run, unless DATABASE_URL names a server."""
