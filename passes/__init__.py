"""What one pass is worth: geometry, light, photon counts, secret key."""
