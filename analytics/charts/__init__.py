"""Charts: pure functions from numbers to marks (scales.py, plots.py), and from marks to SVG (svg.py, charts.py).

Everything is placed in percent of the plot, so a chart fills whatever width it is given while its text keeps its
size. The content security policy allows no inline style: colours and sizes are CSS classes.
"""
