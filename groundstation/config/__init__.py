"""The network file: TOML in, plain records out, all faults at once."""
