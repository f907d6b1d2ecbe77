"""The registry of all metrics for Prometheus. Each app defines its own (docs/operations.md lists them).

Labels are few: names that the code gives, never an account, an environment or anything that somebody sent.
"""

from prometheus_client import CollectorRegistry

REGISTRY = CollectorRegistry()  # without the library's own metrics, which describe one process only
SCRAPED = CollectorRegistry()  # what is looked up for each scrape, and is the same in every process
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # the buckets for what people wait for
