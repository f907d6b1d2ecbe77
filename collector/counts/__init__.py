"""The outcomes of requests: counted in memory, written every few seconds, shown on pages and to Prometheus."""
