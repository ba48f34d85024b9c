"""The command line's name for `groundstation.suggest`."""

from groundstation.suggest import did_you_mean

__all__ = ["did_you_mean"]
