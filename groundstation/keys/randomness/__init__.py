"""Random bits: the operating system's, and those of hardware that is tested while it runs."""
