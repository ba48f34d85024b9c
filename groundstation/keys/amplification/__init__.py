"""Privacy amplification: a shorter key of which nobody else knows anything."""
