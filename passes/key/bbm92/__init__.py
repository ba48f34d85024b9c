"""Entangled pairs over two links."""
