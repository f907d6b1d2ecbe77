"""Heapadmin on one machine with one command: PostgreSQL, web workers and the jobs' worker under one supervisor."""
