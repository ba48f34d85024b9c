"""Table of a source of element sets: provider, mirror or folder."""

from typing import Literal

from groundstation.config.document.fields import Name, Table, Text, needed, optional


class ElementSource(Table):
    """Where newer element sets are fetched."""

    kind: Literal["celestrak", "celestrak-sup", "space-track", "mirror", "folder"] = needed(
        "provider, a mirror of any provider, or a folder on this machine"
    )
    name: Name | None = optional(None, "unique among sources; the kind where left out")
    url: Text | None = optional(
        None, "whole address of a mirror; for a provider, the base instead of its own"
    )
    folder: Text | None = optional(None, "folder of element files, relative to the network file")
    credentials_file: Text | None = optional(
        None, "user and password for space-track, mode 0600, relative to the network file"
    )
    satellites: list[Name] = optional(
        [], "whose element sets are wanted; empty means all with a catalogue number"
    )
