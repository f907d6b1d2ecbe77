"""`python -m bench`: what the collector takes. Other measurements: bench.rules, bench.query_data."""

from bench.collect import main

main()
