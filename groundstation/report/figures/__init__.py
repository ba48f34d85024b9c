"""The figures of the reports: matplotlib's object interface in, inline SVG out."""
