"""Drawing in SVG: a few shapes, text as text, colours that follow the page."""
