"""Authentication that no computer breaks: one-time tags, what they cost, what they promise."""
