"""What a network file leaves open, and what follows from that."""

from dataclasses import dataclass

from groundstation.config.load import NetworkFile
from groundstation.config.locator import path_of
from groundstation.network import Network, Satellite, Station
from passes.link.air.extinction import water_line_warning

_SUNLIGHT_KEYS = (".reflecting_area_m2", ".albedo")


@dataclass(frozen=True, slots=True)
class Gap:
    """A missing parameter, a link that no receiver can serve, or a wish that nothing heeds.

    Parameters
    ----------
    path : of the parameter
    line : where its table stands
    reason : what is wrong with it
    consequence : what is refused or left undone because of it
    """

    path: str
    line: int | None
    reason: str
    consequence: str

    def __str__(self) -> str:
        """One line for people."""
        place = "" if self.line is None else f" (line {self.line})"
        return f"{self.path}{place} {self.reason}: {self.consequence}"


def gaps_of(file: NetworkFile, network: Network) -> tuple[Gap, ...]:
    """Every missing parameter, every satellite that no station can receive, every unused key."""
    lacking = [
        (path, "is missing", _consequence(path, satellite))
        for satellite in network.satellites
        for path in satellite.missing
    ]
    lacking += [
        (path, "is missing", _station_consequence(path, station, file))
        for station in network.stations
        for path in station.missing
    ]
    lacking += _unheard(network)
    lacking += _among_water_lines(network)
    lacking += _unheeded(network)
    return tuple(
        Gap(path, file.lines.line_of(path_of(path)), reason, consequence)
        for path, reason, consequence in lacking
    )


def _consequence(path: str, satellite: Satellite) -> str:
    if path.endswith(_SUNLIGHT_KEYS):
        return f"no link budget of {satellite.name} while the Sun shines on it"
    return f"no link budget of {satellite.name}"


def _station_consequence(path: str, station: Station, file: NetworkFile) -> str:
    parts = path_of(path)
    if "receivers" not in parts[:-1]:
        return f"no link budget at {station.name}"
    index, place = parts[1], parts[3]
    wavelength_nm = None
    if isinstance(index, int) and isinstance(place, int):
        wavelength_nm = file.document.stations[index].receivers[place].wavelength_nm
    with_which = "this receiver" if wavelength_nm is None else f"its {wavelength_nm:g} nm receiver"
    return f"no link budget at {station.name} with {with_which}"


def _unheard(network: Network) -> list[tuple[str, str, str]]:
    """Satellites at whose wavelength no station listens."""
    found = []
    for index, satellite in enumerate(network.satellites):
        transmitter = satellite.transmitter
        if transmitter is None or any(
            abs(receiver.wavelength_m - transmitter.wavelength_m)
            <= receiver.filter_bandwidth_m / 2.0
            for station in network.stations
            for receiver in station.receivers
        ):
            continue
        found.append(
            (
                f"satellites[{index}].payload.wavelength_nm",
                f"of {transmitter.wavelength_m * 1e9:g} nm is in no receiver's filter",
                f"no link budget of {satellite.name}",
            )
        )
    return found


def _among_water_lines(network: Network) -> list[tuple[str, str, str]]:
    """Lasers whose loss in water the mean over 2 nm does not tell."""
    return [
        (
            f"satellites[{index}].payload.water_line_zenith_loss_db",
            "is missing among the water lines of 813..836 nm",
            f"the link budget of {satellite.name} may be wrong by 20 dB",
        )
        for index, satellite in enumerate(network.satellites)
        if satellite.transmitter is not None
        and satellite.transmitter.water_line_zenith_loss_db is None
        and water_line_warning(satellite.transmitter.wavelength_m) is not None
    ]


def _unheeded(network: Network) -> list[tuple[str, str, str]]:
    """Keys that the file may hold but from which no plan follows."""
    if network.key_store is not None:
        return []
    return [
        (
            f"demands[{index}].minimum_reserve_bits",
            "has no effect without [keys]",
            f"nobody knows what {demand.name} holds of its {demand.minimum_reserve_bits:,.0f} bits",
        )
        for index, demand in enumerate(network.demands)
        if demand.minimum_reserve_bits > 0.0
    ]
