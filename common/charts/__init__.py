"""Charts: pure functions from numbers to marks (scales.py, plots.py), and from marks to SVG (svg.py, charts.py).

All positions are percentages of the plot, so a chart fills any width while its text keeps its size. The content
security policy forbids inline styles, so colours and sizes are CSS classes.
"""
