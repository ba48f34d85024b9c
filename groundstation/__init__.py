"""The network that holds keys: it remembers, decides, promises, publishes."""

__version__ = "0.1.0"
