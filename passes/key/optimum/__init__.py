"""Settings and cut-offs that give the most key."""
