"""Keys of the link's optional terms: in SI units, nothing without them, refused by name."""

import math
from pathlib import Path

import pytest

from groundstation.config import example_path, load_network
from groundstation.config.gaps import gaps_of
from groundstation.config.load import read_network_file
from groundstation.errors import ConfigError
from groundstation.network import Network, Station
from groundstation.night.link_detail import link_remarks
from groundstation.night.links import refusal_of
from passes.link.terminals import CityLight, DeadTime, Fog, HufnagelValley, SingleModeFibre

MICIUS = example_path("micius-2016").read_text(encoding="utf-8")
TURBULENCE = "[stations.turbulence]\nground_cn2 = 1.7e-14\nrms_wind_m_s = 21.0\n\n"
FIBRE = '[stations.receivers.fibre]\nmode_ratio = 1.12\ncorrection = "tip-tilt"\n\n'


def load(folder: Path, text: str) -> Network:
    path = folder / "groundstation.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "elements").mkdir(exist_ok=True)
    return load_network(path)


def with_key(line: str, before: str) -> str:
    """The text with a line before the first line that starts so."""
    return MICIUS.replace(f"\n{before}", f"\n{line}\n{before}", 1)


def with_tables(tables: str) -> str:
    """The text with tables at the end of its first station, Xinglong."""
    first = MICIUS.index("[[stations]]")
    second = MICIUS.index("[[stations]]", first + 1)
    return MICIUS[:second] + tables + MICIUS[second:]


def without_field(text: str) -> str:
    """The text without the field of view of its first receiver."""
    start = text.index("field_of_view_urad")
    return text[:start] + text[text.index("\n", start) + 1 :]


def xinglong(folder: Path, text: str) -> Station:
    return load(folder, text).stations[0]


def test_a_file_that_asks_for_nothing_gets_nothing(tmp_path: Path) -> None:
    station = xinglong(tmp_path, MICIUS)
    (receiver,) = station.receivers
    assert receiver.clock_offset_s == 0.0
    assert receiver.fibre is None
    assert receiver.city_light is None
    assert receiver.detector.dead_time_kind is DeadTime.NON_PARALYSABLE
    assert station.atmosphere is not None
    assert station.atmosphere.angstrom_exponent is None
    assert station.atmosphere.fog is None
    assert station.atmosphere.turbulence is None
    (micius,) = load(tmp_path, MICIUS).satellites
    assert micius.transmitter is not None
    assert micius.transmitter.water_line_zenith_loss_db is None


def test_single_keys_arrive_in_si_units(tmp_path: Path) -> None:
    text = with_key("clock_offset_ps = -250.0", "dark_sky_radiance")
    text = text.replace("\ncount = 4", '\ndead_time_kind = "paralysable"\ncount = 4', 1)
    text = text.replace("\nalbedo = 0.3", "\nwater_line_zenith_loss_db = 0.7\nalbedo = 0.3", 1)
    network = load(tmp_path, text)
    (receiver,) = network.stations[0].receivers
    assert receiver.clock_offset_s == pytest.approx(-250e-12, rel=1e-15)
    assert receiver.detector.dead_time_kind is DeadTime.PARALYSABLE
    assert network.satellites[0].transmitter is not None
    assert network.satellites[0].transmitter.water_line_zenith_loss_db == 0.7


def test_tables_of_the_air_arrive(tmp_path: Path) -> None:
    fog = '[stations.atmosphere.fog]\nvisibility_m = 800.0\nthickness_m = 60.0\nlaw = "kim"\n\n'
    light = "[stations.city_light]\nsqm_mag_arcsec2 = 19.5\ncity_v_minus_i = 0.8\n\n"
    station = xinglong(tmp_path, with_tables(fog + TURBULENCE + light))
    assert station.missing == ()
    assert station.atmosphere is not None
    assert station.atmosphere.fog == Fog(800.0, 60.0, "kim")
    assert station.atmosphere.turbulence == HufnagelValley(21.0, 1.7e-14)
    # 21.9 mag is the natural sky at solar minimum.
    assert station.receivers[0].city_light == CityLight(19.5, 0.8, 21.9)


def test_the_wind_at_the_ground_gives_the_wind_aloft(tmp_path: Path) -> None:
    text = with_tables(TURBULENCE.replace("rms_wind_m_s = 21.0", "ground_wind_m_s = 2.3"))
    air = xinglong(tmp_path, text).atmosphere
    assert air is not None
    assert air.turbulence is not None
    # ITU-R P.1621-2: sqrt(2.3^2 + 33.11 x 2.3 + 360.31) = 21.02 m/s, 0.3 to 0.7 above Bufton's.
    assert air.turbulence.rms_wind_m_s == pytest.approx(20.5, abs=0.3)


def test_an_exponent_stands_for_the_aerosol(tmp_path: Path) -> None:
    text = MICIUS.replace('aerosol = "rural23"', "angstrom_exponent = 1.3", 1)
    air = xinglong(tmp_path, text).atmosphere
    assert air is not None
    assert air.angstrom_exponent == 1.3
    both = with_key("angstrom_exponent = 1.3", "precipitable_water_mm")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, both)
    (fault,) = refused.value.faults
    assert fault.path == "stations[0].atmosphere.angstrom_exponent"
    assert fault.message == "excludes aerosol: give one of them"


def test_a_fibre_brings_its_own_field_of_view(tmp_path: Path) -> None:
    station = xinglong(tmp_path, without_field(with_tables(FIBRE + TURBULENCE)))
    (receiver,) = station.receivers
    assert receiver.fibre == SingleModeFibre(1.12, "tip-tilt")
    # 0.919 of (848.6 nm)^2 over 0.7854 m2: 8.42e-13 sr.
    solid = math.pi / 4.0 * receiver.field_of_view_rad**2
    assert solid == pytest.approx(8.42e-13, rel=0.002)


def test_a_field_of_view_and_a_fibre_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, with_tables(FIBRE + TURBULENCE))
    (fault,) = refused.value.faults
    assert fault.path == "stations[0].receivers[0].fibre"
    assert fault.message == "excludes field_of_view_urad: give one of them"


def test_winds_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1 fault"):
        load(tmp_path, with_tables(TURBULENCE.rstrip() + "\nground_wind_m_s = 3.0\n\n"))


@pytest.mark.parametrize(
    ("tables", "path"),
    [
        ("[stations.turbulence]\nrms_wind_m_s = 21.0\n\n", "turbulence.ground_cn2"),
        ("[stations.turbulence]\nground_cn2 = 1.7e-14\n\n", "turbulence.rms_wind_m_s"),
        ("[stations.city_light]\nsqm_mag_arcsec2 = 19.5\n\n", "city_light.city_v_minus_i"),
        (
            "[stations.atmosphere.fog]\nvisibility_m = 800.0\nthickness_m = 60.0\n\n",
            "atmosphere.fog.law",
        ),
    ],
)
def test_an_unknown_parameter_is_refused_with_its_name(
    tmp_path: Path, tables: str, path: str
) -> None:
    network = load(tmp_path, with_tables(tables))
    station = network.stations[0]
    assert station.missing == (f"stations[0].{path}",)
    said = refusal_of(network.satellites[0], station)
    assert said == f"no budget: stations[0].{path} not given for xinglong"


def test_a_laser_among_water_lines_is_remarked_unless_its_loss_is_declared(
    tmp_path: Path,
) -> None:
    text = MICIUS.replace("wavelength_nm = 848.6", "wavelength_nm = 820.0")
    for declared, count in (("", 1), ("water_line_zenith_loss_db = 0.16\n", 0)):
        changed = text.replace("\nalbedo = 0.3", f"\n{declared}albedo = 0.3", 1)
        network = load(tmp_path, changed)
        file = read_network_file(tmp_path / "groundstation.toml")
        remarks = [gap for gap in gaps_of(file, network) if "water lines" in gap.reason]
        assert len(remarks) == count
        transmitter = network.satellites[0].transmitter
        assert transmitter is not None
        assert len(link_remarks(transmitter)) == count


def test_a_fibre_without_turbulence_is_refused_with_its_name(tmp_path: Path) -> None:
    network = load(tmp_path, without_field(with_tables(FIBRE)))
    station = network.stations[0]
    assert station.missing == ("stations[0].turbulence",)
    assert station.receivers == ()
    said = refusal_of(network.satellites[0], station)
    assert said == "no budget: stations[0].turbulence not given for xinglong"
