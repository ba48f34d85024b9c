"""Reports as PDF, set by Typst from a document of plain blocks."""
