"""How dates are written where a page does not say otherwise: in the staff's lists as everywhere else."""
