"""CCSDS Orbit Mean-Elements Messages (502.0-B-3) in JSON, CSV, KVN and XML."""
