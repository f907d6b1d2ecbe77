"""Analytics: asking what was collected, and keeping what was asked.

A shelf imports from the shelves below it only (import-linter, in `make check`):

    views          pages
    environments   kept things beside another environment's: copied, compared, carried over
    kinds          the kinds of questions, a file each, and the list of them
    forms          what was typed, laid out for templates
    store          reading what was collected         rollups   days counted beforehand        charts   drawn numbers
    sql            questions' pieces as SQL
    definitions    named events and segments: what they say, what refers to what
    questions      what every question is made of, and what holds for every answer
    models         what people keep
"""
