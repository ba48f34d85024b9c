"""Spread: counts of a pass as a distribution over what is not known."""
