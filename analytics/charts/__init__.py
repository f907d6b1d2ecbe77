"""Drawings of analytics alone, made of what `common/charts/` has for every chart."""
