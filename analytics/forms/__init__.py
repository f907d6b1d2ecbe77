"""Forms for questions, definitions and segments: what was typed, arranged for the templates in analytics/form/.

Names and values are those of questions/parameters.py. A form holds what was typed, even if it is wrong, and the words
that explain the errors. It never asks the database. Every list of rows ends with an empty row, so that people can add
one without JavaScript; analytics-form.js replaces it by a button.
"""
