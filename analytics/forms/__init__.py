"""Forms for questions, definitions and segments: what was typed, laid out for the templates in analytics/form/.

Names and values are those of questions/parameters.py. A form holds what was typed, also when it is wrong, and the
words that say what is; it never asks the database. Every list of rows ends with an empty one, so that one more can be
added without JavaScript; analytics-form.js makes a button of it.
"""
