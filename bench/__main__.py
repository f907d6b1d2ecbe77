"""`python -m bench`: measures how much the collector can take. The other modules here measure other things."""

from bench.collect import main

main()
