"""Detection: gates and dead time."""
