"""A checked network file -> the Network record, in SI units and radians."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

from groundstation.config.air import atmosphere_of
from groundstation.config.document.root import Document
from groundstation.config.document.satellite import PlannedOrbit as PlannedOrbitTable
from groundstation.config.document.satellite import Satellite as SatelliteTable
from groundstation.config.document.source import ElementSource as SourceTable
from groundstation.config.document.station import Station as StationTable
from groundstation.config.limits import satellite_limits_of, station_limits_of, uses_of
from groundstation.config.radio import announcement_of
from groundstation.config.terminals import receiver_of, source_of, transmitter_of
from groundstation.config.weather import station_weather_of
from groundstation.network import (
    Interval,
    KeyPolicy,
    PlannedOrbit,
    Satellite,
    Shift,
    Station,
)
from groundstation.network import Policies as PoliciesRecord
from passes.link.terminals import Receiver
from passes.mount import MountLimits
from passes.site import HorizonMask, Site
from tle.provider.providers import ADDRESSES, ElementSource, SourceKind

SECONDS_PER_DAY = 86_400.0


def satellites_of(document: Document) -> tuple[Satellite, ...]:
    """Every satellite, with the paths of what its payload lacks."""
    return tuple(
        _satellite(table, f"satellites[{index}]") for index, table in enumerate(document.satellites)
    )


def _satellite(table: SatelliteTable, path: str) -> Satellite:
    if table.payload is None:
        transmitter, source, missing = None, None, [f"{path}.payload"]
    else:
        transmitter, missing = transmitter_of(table.payload, f"{path}.payload")
        source, lacking = source_of(table.payload, f"{path}.payload")
        missing = missing + lacking
    return Satellite(
        name=table.name,
        norad_cat_id=table.norad_cat_id,
        planned_orbit=None if table.planned_orbit is None else _planned_orbit(table.planned_orbit),
        transmitter=transmitter,
        source=source,
        missing=tuple(missing),
        setup_s=table.setup_s,
        is_trusted=table.is_trusted,
        note=table.note,
        limits=satellite_limits_of(table),
        unavailable=uses_of(table),
        announcement=announcement_of(table),
    )


def _planned_orbit(table: PlannedOrbitTable) -> PlannedOrbit:
    local_time = table.local_time_ascending_node
    return PlannedOrbit(
        altitude_m=table.altitude_km * 1e3,
        inclination_rad=_optional_rad(table.inclination_deg),
        local_time_ascending_node_h=None if local_time is None else _hours(_time(local_time)),
        raan_rad=_optional_rad(table.raan_deg),
        argument_of_latitude_rad=math.radians(table.argument_of_latitude_deg),
        epoch=table.epoch.astimezone(UTC),
    )


def stations_of(document: Document, folder: Path) -> tuple[Station, ...]:
    """Every station, with the policy's limits where it has none of its own; paths in `folder`."""
    return tuple(
        _station(table, f"stations[{index}]", document, folder)
        for index, table in enumerate(document.stations)
    )


def _station(table: StationTable, path: str, document: Document, folder: Path) -> Station:
    policies = document.policies
    receivers, missing = _receivers(table, path)
    atmosphere, lacking = atmosphere_of(table, path)
    return Station(
        name=table.name,
        title=table.title or table.name,
        site=_site(table),
        receivers=receivers,
        atmosphere=atmosphere,
        missing=(*missing, *lacking),
        mount=_mount(table),
        min_elevation_rad=_own_rad(table.min_elevation_deg, policies.min_elevation_deg),
        max_sun_elevation_rad=_own_rad(table.max_sun_elevation_deg, policies.max_sun_elevation_deg),
        shifts=tuple(Shift(_time(start), _time(stop)) for start, stop in table.shifts),
        maintenance=tuple(
            Interval(_utc(span.start), _utc(span.stop), span.reason) for span in table.maintenance
        ),
        setup_s=table.setup_s,
        note=table.note,
        weather=station_weather_of(table, document.safety, folder),
        limits=station_limits_of(table),
    )


def _mount(table: StationTable) -> MountLimits:
    mount = table.mount
    cables = mount.azimuth_range_deg
    return MountLimits(
        max_azimuth_rate_rad_s=_optional_rad(mount.max_azimuth_rate_deg_s),
        max_elevation_rate_rad_s=_optional_rad(mount.max_elevation_rate_deg_s),
        max_azimuth_acceleration_rad_s2=_optional_rad(mount.max_azimuth_acceleration_deg_s2),
        max_elevation_rad=_optional_rad(mount.max_elevation_deg),
        azimuth_range_rad=(math.radians(cables[0]), math.radians(cables[1])) if cables else None,
    )


def _receivers(table: StationTable, path: str) -> tuple[tuple[Receiver, ...], list[str]]:
    """Complete receivers, and what the others lack; a shared telescope is named once."""
    complete: list[Receiver] = []
    missing: list[str] = [] if table.receivers else [f"{path}.receivers"]
    if table.telescope is None:
        missing.append(f"{path}.telescope")
    for index, receiver in enumerate(table.receivers):
        record, lacking = receiver_of(receiver, table, f"{path}.receivers[{index}]", path)
        if record is not None:
            complete.append(record)
        missing += lacking
    return tuple(complete), list(_once(missing, table.telescope is None, path))


def _once(missing: list[str], has_no_telescope: bool, path: str) -> Iterator[str]:
    """Each path once; a missing table is named instead of the keys that it would hold."""
    for item in dict.fromkeys(missing):
        if not (has_no_telescope and item.startswith(f"{path}.telescope.")):
            yield item


def _site(table: StationTable) -> Site:
    return Site(
        name=table.name,
        latitude_rad=math.radians(table.latitude_deg),
        longitude_rad=math.radians(table.longitude_deg),
        height_m=table.height_m,
        horizon=HorizonMask(
            azimuth_rad=tuple(math.radians(azimuth) for azimuth, _ in table.horizon),
            elevation_rad=tuple(math.radians(elevation) for _, elevation in table.horizon),
        ),
    )


def key_policy_of(document: Document) -> KeyPolicy:
    """How secret key is counted."""
    key = document.key
    return KeyPolicy(
        proof=key.proof,
        epsilon_secrecy=key.epsilon_secrecy,
        epsilon_correctness=key.epsilon_correctness,
        error_correction=key.error_correction.model,
        error_correction_efficiency=key.error_correction.efficiency,
        block_nights=key.block_nights,
    )


def policies_of(document: Document) -> PoliciesRecord:
    """Limits that hold for the whole network."""
    table = document.policies
    return PoliciesRecord(
        min_elevation_rad=math.radians(table.min_elevation_deg),
        max_sun_elevation_rad=math.radians(table.max_sun_elevation_deg),
        max_range_m=None if table.max_range_km is None else table.max_range_km * 1e3,
        min_contact_s=table.min_contact_s,
        warn_elements_age_s=table.warn_elements_age_d * SECONDS_PER_DAY,
        max_elements_age_s=table.max_elements_age_d * SECONDS_PER_DAY,
        horizon_nights=table.horizon_nights,
        max_satellite_hops=table.max_satellite_hops,
        max_fibre_hops=table.max_fibre_hops,
        freeze_s=table.freeze_min * 60.0,
    )


def sources_of(document: Document, folder: Path) -> tuple[ElementSource, ...]:
    """Where element sets are fetched; paths are joined to the network file's folder."""
    numbers = {
        table.name: table.norad_cat_id
        for table in document.satellites
        if table.norad_cat_id is not None
    }
    return tuple(_source(table, folder, numbers) for table in document.sources)


def _source(table: SourceTable, folder: Path, numbers: dict[str, int]) -> ElementSource:
    kind = SourceKind(table.kind)
    if table.folder is not None:
        address = str(folder / table.folder)
    else:
        address = table.url or ADDRESSES[kind]
    file = table.credentials_file
    return ElementSource(
        name=table.name or table.kind,
        kind=kind,
        address=address,
        credentials_file=None if file is None else str(folder / file),
        norad_cat_ids=tuple(sorted({numbers[name] for name in table.satellites or numbers})),
    )


def _own_rad(own_deg: float | None, policy_deg: float) -> float:
    return math.radians(policy_deg if own_deg is None else own_deg)


def _optional_rad(value_deg: float | None) -> float | None:
    return None if value_deg is None else math.radians(value_deg)


def _time(text: str) -> time:
    return time.fromisoformat(text)


def _hours(value: time) -> float:
    return value.hour + value.minute / 60.0


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)
