"""BB84 with two intensities."""
