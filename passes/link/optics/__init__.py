"""Optics: beams, telescopes and where they point."""
