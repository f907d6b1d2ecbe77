"""Analytics: questions about collected events, and the definitions, segments and reports that people keep.

A package imports only from the packages below it (import-linter, in `make check`):

    views          pages
    environments   compares, copies and carries over what people keep between environments
    kinds          the kinds of questions, one file each, and their list
    forms          form input, arranged for templates
    store          reading collected data             charts   numbers as SVG
    rollups        days counted beforehand, for the store in PostgreSQL
    sql            parts of questions as SQL
    definitions    named events and segments: their content, and what refers to what
    questions      the parts of every question and of every answer
    models         definitions, segments, reports and the dashboard
"""
