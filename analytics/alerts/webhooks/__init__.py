"""Webhooks: addresses of programs to which alerts are told, signed as Standard Webhooks says."""
