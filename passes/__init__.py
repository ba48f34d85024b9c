"""What one pass is worth: geometry, light, photon counts, secret key."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from passes.search import find_passes

__all__ = ["find_passes"]


def __getattr__(name: str) -> Any:
    """Load `find_passes` when it is asked for; the package itself costs nothing to import."""
    if name == "find_passes":
        from passes.search import find_passes  # noqa: PLC0415

        return find_passes
    raise AttributeError(f"module 'passes' has no attribute {name!r}")
