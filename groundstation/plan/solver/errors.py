"""Errors of the solver's room: an instance that cannot be read, a model that contradicts itself."""

from typing import ClassVar

from groundstation.errors import GroundStationError


class InstanceError(GroundStationError):
    """An instance or a result of the exchange format that is not valid."""

    exit_code: ClassVar[int] = 78


class ModelError(GroundStationError):
    """A model that no plan can satisfy, such as two forced contacts that overlap."""
