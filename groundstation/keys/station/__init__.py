"""The station process: two nodes that talk about the key they share."""
