"""What there is to ask about in each environment: names of events, properties, and which event has which.

docs/decisions/catalogue.md says who announces, who counts, and why months.
"""
