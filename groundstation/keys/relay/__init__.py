"""Key carried from node to node: orders, announcements, and what both ends make of them."""
