"""Key files: what a producer of key hands to a station, how it is checked, what is made of it."""
