"""BB84 with three intensities."""
