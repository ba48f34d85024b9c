"""Turbulence: what the moving air does to a beam, a fibre and a spot in space."""
