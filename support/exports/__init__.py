"""Exports: all data of an account as gzip NDJSON, made by a job and downloaded by a link that expires."""
