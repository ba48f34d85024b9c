"""What is secret: finite-key bounds on decoy-state counts."""
