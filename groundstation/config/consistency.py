"""Rules that join several keys or tables of a network file.

They look at the tables as they were read, not at checked models, so that they speak up in the
same run as the faults of single keys. What has the wrong type is skipped here: the model names it.

Names          unique; satellites, stations and fibre nodes share one set; all references exist
Catalogue      no two satellites have the same catalogue number
Sources        a vacuum intensity that the network's proof holds for
Fibre links    join two different nodes, each pair once
Demands        join two sites at different nodes; neither end's node is untrusted
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from groundstation.config.alternatives import ALTERNATIVE_RULES
from groundstation.config.element_sources import SOURCE_RULES
from groundstation.config.faults import Finding
from groundstation.config.keys import key_store_findings
from groundstation.config.locator import path_text
from groundstation.config.permissions import PERMISSION_RULES
from groundstation.config.radio import RADIO_RULES
from groundstation.config.tables import Document, named, number_of, table_of, tables_of
from groundstation.config.weather_rules import WEATHER_RULES
from groundstation.suggest import did_you_mean

Rule = Callable[[Document], Iterator[Finding]]


def inconsistencies(document: Document) -> list[Finding]:
    """Every breach of a rule, rule by rule."""
    rules = (
        *_RULES,
        *ALTERNATIVE_RULES,
        *SOURCE_RULES,
        *PERMISSION_RULES,
        *RADIO_RULES,
        *WEATHER_RULES,
        key_store_findings,
    )
    return [finding for rule in rules for finding in rule(document)]


def _unique_names(document: Document) -> Iterator[Finding]:
    """No two nodes, no two sites and no two demands have the same name."""
    for kinds in (("satellites", "stations", "fibre_nodes"), ("sites",), ("demands",)):
        first: dict[str, str] = {}
        for kind in kinds:
            for index, table in tables_of(document, kind):
                name = table.get("name")
                if not isinstance(name, str):
                    continue
                if name in first:
                    yield (kind, index, "name"), f"{name!r} is already the name of {first[name]}"
                first.setdefault(name, path_text((kind, index)))


def _unique_catalogue_numbers(document: Document) -> Iterator[Finding]:
    """One element set moves one satellite: two of the same number would fly as one."""
    first: dict[float, str] = {}
    for index, table in tables_of(document, "satellites"):
        number = number_of(table, "norad_cat_id")
        if number is None:
            continue
        if number in first:
            yield (
                ("satellites", index, "norad_cat_id"),
                f"{number:.0f} is already the catalogue number of {first[number]}",
            )
        first.setdefault(number, path_text(("satellites", index)))


def _empty_vacuum(document: Document) -> Iterator[Finding]:
    """The proof `satquma` bounds the vacuum clicks as if nothing at all were sent."""
    if table_of(document, "key").get("proof") != "satquma":
        return
    for kind, name in (("satellites", "payload"), ("fibre_links", "terminals")):
        for index, holder in tables_of(document, kind):
            intensities = table_of(holder, name).get("intensities")
            if not isinstance(intensities, list) or len(intensities) != 3:
                continue
            vacuum = intensities[2]
            # What is no number, or negative, is told by the model.
            if isinstance(vacuum, int | float) and vacuum > 0.0 and vacuum is not True:
                reason = "the vacuum bound of the satquma proof is not safe above 0"
                yield (kind, index, name, "intensities", 2), f"{vacuum:g} is not 0: {reason}"


def _known_names(document: Document) -> Iterator[Finding]:
    """Links, sites and demands name nodes and sites that exist."""
    ground = named(document, "stations") | named(document, "fibre_nodes")
    sites = named(document, "sites")
    for kind, keys, known, meaning in (
        ("fibre_links", ("a", "b"), ground, "station or fibre node"),
        ("sites", ("node",), ground, "station or fibre node"),
        ("demands", ("a", "b"), sites, "site"),
    ):
        for index, table in tables_of(document, kind):
            for key in keys:
                name = table.get(key)
                if isinstance(name, str) and name not in known:
                    yield (kind, index, key), f"no {meaning} {name!r}{did_you_mean(name, known)}"


def _known_untrusted(document: Document) -> Iterator[Finding]:
    nodes = (
        named(document, "stations") | named(document, "fibre_nodes") | named(document, "satellites")
    )
    for index, table in tables_of(document, "demands"):
        for place, name in _untrusted(table):
            if name not in nodes:
                yield (
                    ("demands", index, "untrusted", place),
                    f"no station, fibre node or satellite {name!r}{did_you_mean(name, nodes)}",
                )


def _links_join_two(document: Document) -> Iterator[Finding]:
    first: dict[frozenset[str], str] = {}
    for index, table in tables_of(document, "fibre_links"):
        a, b = table.get("a"), table.get("b")
        if not (isinstance(a, str) and isinstance(b, str)):
            continue
        pair = frozenset((a, b))
        if a == b:
            yield ("fibre_links", index, "b"), f"the link joins {a!r} with itself"
        elif pair in first:
            yield (
                ("fibre_links", index, "b"),
                f"{a!r} and {b!r} are already joined by {first[pair]}",
            )
        first.setdefault(pair, path_text(("fibre_links", index)))


def _demands_join_two(document: Document) -> Iterator[Finding]:
    node_of = _nodes_of_sites(document)
    for index, table in tables_of(document, "demands"):
        a, b = table.get("a"), table.get("b")
        if not (isinstance(a, str) and isinstance(b, str)):
            continue
        if a == b:
            yield ("demands", index, "b"), f"the demand joins {a!r} with itself"
        elif a in node_of and node_of[a] == node_of.get(b):
            yield (
                ("demands", index, "b"),
                f"{a!r} and {b!r} are both at node {node_of[a]!r}; no key has to be carried",
            )


def _ends_are_trusted(document: Document) -> Iterator[Finding]:
    """The node at which a site is served always knows that site's key."""
    node_of = _nodes_of_sites(document)
    for index, table in tables_of(document, "demands"):
        ends = {
            node_of[site]: site
            for site in (table.get("a"), table.get("b"))
            if isinstance(site, str) and site in node_of
        }
        for place, name in _untrusted(table):
            if name in ends:
                yield (
                    ("demands", index, "untrusted", place),
                    f"{name!r} serves {ends[name]!r}, an end of this demand, and must be trusted",
                )


def _nodes_of_sites(document: Document) -> dict[str, str]:
    return {
        table["name"]: table["node"]
        for _, table in tables_of(document, "sites")
        if isinstance(table.get("name"), str) and isinstance(table.get("node"), str)
    }


def _untrusted(table: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    names = table.get("untrusted")
    for place, name in enumerate(names if isinstance(names, list) else []):
        if isinstance(name, str):
            yield place, name


_RULES: tuple[Rule, ...] = (
    _unique_names,
    _unique_catalogue_numbers,
    _empty_vacuum,
    _known_names,
    _known_untrusted,
    _links_join_two,
    _demands_join_two,
    _ends_are_trusted,
)
