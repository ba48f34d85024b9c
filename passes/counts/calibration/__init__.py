"""Calibration: a link fitted to measured counts."""
