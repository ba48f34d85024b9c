"""The nightly run: steps, lock, what is kept."""
