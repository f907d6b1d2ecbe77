"""Talk to Us: what people write to support, and what support answers."""
