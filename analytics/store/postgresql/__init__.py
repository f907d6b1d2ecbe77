"""The store that PostgreSQL is: the tables of `events/`, read with statements, timeouts and locks of its own."""
