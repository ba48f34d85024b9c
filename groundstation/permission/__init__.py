"""Permission to shine: who allows a laser to be sent up, where, when, and how we know."""
