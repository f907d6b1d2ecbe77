"""The outcomes of requests: counted in memory, written every few seconds, shown to people and to Prometheus."""
