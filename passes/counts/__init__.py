"""What the detector counts: source, noise, expected counts, moments."""
