"""Blocks: which passes share one, and what comes out of it."""
