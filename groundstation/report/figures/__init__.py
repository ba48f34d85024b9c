"""The figures of the reports, each drawn on a canvas of its own."""
