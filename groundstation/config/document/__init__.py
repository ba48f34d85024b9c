"""What a network file may say: every table with its keys, units and limits (pydantic)."""
