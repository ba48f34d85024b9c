"""How two stations agree on key before either of them lets it out."""
