"""Tables of the ground network -> fibre nodes and links, consumer sites, demands."""

import math

from groundstation.config.document.ground import Demand as DemandTable
from groundstation.config.document.ground import FibreLink as FibreLinkTable
from groundstation.config.document.ground import Terminals
from groundstation.config.document.root import Document
from groundstation.config.document.split import parse_split
from groundstation.config.faults import Finding
from groundstation.config.terminals import detector_of, source_of
from groundstation.config.use import parse_key_use
from groundstation.network import ConsumerSite, Demand, FibreLink, FibreNode, KeyPolicy
from passes.counts.source import DecoySource
from passes.errors import PassError
from passes.key.fibre import FibreKey, fibre_key
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.link.terminals import Detector


def fibre_nodes_of(document: Document) -> tuple[FibreNode, ...]:
    """Every trusted node without telescope."""
    return tuple(
        FibreNode(
            name=table.name,
            title=table.title or table.name,
            latitude_rad=math.radians(table.latitude_deg),
            longitude_rad=math.radians(table.longitude_deg),
        )
        for table in document.fibre_nodes
    )


def sites_of(document: Document) -> tuple[ConsumerSite, ...]:
    """Every place that uses key."""
    return tuple(
        ConsumerSite(table.name, table.title or table.name, table.operator, table.node)
        for table in document.sites
    )


def demands_of(document: Document) -> tuple[Demand, ...]:
    """Every demand, in bits per day."""
    return tuple(_demand(table) for table in document.demands)


def _demand(table: DemandTable) -> Demand:
    use = "" if table.use is None else table.use
    bits_per_day = table.bits_per_day
    return Demand(
        name=table.name,
        a=table.a,
        b=table.b,
        bits_per_day=parse_key_use(use).bits_per_day if bits_per_day is None else bits_per_day,
        use=use,
        priority=table.priority,
        minimum_reserve_bits=table.minimum_reserve_bits,
        untrusted=frozenset(table.untrusted),
        split=None if table.split is None else parse_split(table.split),
    )


def fibre_links_of(
    document: Document, key: KeyPolicy
) -> tuple[tuple[FibreLink, ...], list[Finding]]:
    """Every fibre link with its key rate, and why a rate could not be computed.

    A fibre without rate carries nothing, so a missing parameter of a terminal is a fault of the
    file and not, as at a station, a refused budget.
    """
    links: list[FibreLink] = []
    findings: list[Finding] = []
    for index, table in enumerate(document.fibre_links):
        if table.terminals is None:
            links.append(
                FibreLink(table.a, table.b, table.key_rate_bps or 0.0, _length_m(table), "declared")
            )
            continue
        link, reasons = _computed(table, table.terminals, key)
        findings += [(("fibre_links", index, *place), reason) for place, reason in reasons]
        links += [] if link is None else [link]
    return tuple(links), findings


def _length_m(table: FibreLinkTable) -> float | None:
    return None if table.length_km is None else table.length_km * 1e3


def _computed(
    table: FibreLinkTable, terminals: Terminals, key: KeyPolicy
) -> tuple[FibreLink | None, list[Finding]]:
    """A link whose rate follows from length, loss and terminals."""
    source, missing = source_of(terminals, "terminals")
    detector, lacking = detector_of(terminals.detector, "terminals.detector")
    missing = missing + lacking
    block_s = terminals.block_s
    if block_s is None:
        missing.append("terminals.block_s")
    if source is None or detector is None or block_s is None or missing:
        return None, [
            (tuple(path.split(".")), "is missing; the key rate is computed from it")
            for path in missing
        ]
    try:
        found = _fibre_key(table, source, detector, key, block_s)
    except (PassError, ValueError) as error:
        return None, [(("terminals",), f"no key rate: {error}")]
    origin = _origin(table, key, block_s, found)
    return FibreLink(table.a, table.b, found.rate_bps, _length_m(table), origin), []


def _fibre_key(
    table: FibreLinkTable, source: DecoySource, detector: Detector, key: KeyPolicy, block_s: float
) -> FibreKey:
    security = SecurityParameters(
        epsilon_secrecy=key.epsilon_secrecy,
        epsilon_correctness=key.epsilon_correctness,
        error_correction=ErrorCorrection(key.error_correction),
        error_correction_efficiency=key.error_correction_efficiency,
    )
    # The rules on alternatives have made sure that length and losses are there.
    return fibre_key(
        length_m=(table.length_km or 0.0) * 1e3,
        loss_db_per_m=(table.loss_db_per_km or 0.0) * 1e-3,
        extra_loss_db=table.extra_loss_db or 0.0,
        source=source,
        detector=detector,
        security=security,
        block_s=block_s,
        proof=key.proof,
    )


def _origin(table: FibreLinkTable, key: KeyPolicy, block_s: float, found: FibreKey) -> str:
    return (
        f"computed: {table.length_km:g} km of {table.loss_db_per_km:g} dB/km and "
        f"{table.extra_loss_db:g} dB, {key.proof}, blocks of {block_s:g} s; "
        f"limits: infinite block {found.asymptotic_bps:,.0f} bit/s, "
        f"without repeater {found.repeaterless_bps:,.0f} bit/s"
    )
