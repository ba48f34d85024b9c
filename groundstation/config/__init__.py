"""The network file: TOML in, plain records out, all faults at once."""

from groundstation.config.examples import EXAMPLES, CopiedExample, copy_example, example_path
from groundstation.config.load import load_network

__all__ = ["EXAMPLES", "CopiedExample", "copy_example", "example_path", "load_network"]
