"""What reaches the detector: beam, pointing, extinction, receiver."""
