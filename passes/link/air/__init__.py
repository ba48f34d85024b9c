"""Air: what a clear or hazy atmosphere takes from the light."""
