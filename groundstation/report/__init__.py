"""What people read: the night as one page."""
