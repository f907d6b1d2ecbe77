"""The sites of an environment, and the tickets for labelling on them: their rows, and what an origin is."""
