"""Background: light that is no signal."""
