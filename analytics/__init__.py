"""Analytics: questions about collected events, and the definitions, segments and reports that people keep.

A package imports only from the packages below it (import-linter, in `make check`):

    views          pages
    environments   compares, copies and carries over kept things between environments
    kinds          the kinds of questions, one file each, and their list
    forms          form input, laid out for templates
    store          reading what was collected         charts   numbers as SVG
    rollups        days counted beforehand, for the store in PostgreSQL
    sql            questions' pieces as SQL
    definitions    named events and segments: what they say, what refers to what
    questions      what every question is made of, and what holds for every answer
    models         what people keep
"""
