"""Runs Heapadmin on one machine with one command: PostgreSQL, web workers and the job worker under a supervisor."""
