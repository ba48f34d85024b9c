"""Which pass, which relay, and why."""
