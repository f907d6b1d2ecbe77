"""Graph: how often something happens over time, or what its events have in a property; several series in one graph.

formula.py    "A / B" over the series of a graph
measures.py   the exact number of what a statement gave for one bucket
question.py   the question, its parameters and its result
words.py      the question in words
counting.py   asks the store; its statements are in analytics/sql/time_counts.py
answer.py     the lines, and what they had before
page.py       its form, and how the page shows its answer
"""
