"""`manage.py reload`: servers that run go over to new code and settings, and no request is refused or broken by that.

docs/decisions/reload.md says why it is done in this way.
"""
