"""An account's own copy of everything: gzip NDJSON, made by a job, fetched by a link that expires."""
