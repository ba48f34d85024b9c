"""What a network file says arrives in the records in SI units, and what it lacks is named."""

import math
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from groundstation.config import example_path, load_network
from groundstation.config.gaps import gaps_of
from groundstation.config.load import network_of_file, read_network_file
from groundstation.network import Network, Satellite
from passes.counts.source import DecoySource
from passes.link.terminals import BasisChoice, Transmitter

MICIUS = example_path("micius-2016").read_text(encoding="utf-8")
EUROPE = example_path("europe-2026").read_text(encoding="utf-8")


def load(tmp_path: Path, text: str) -> Network:
    path = tmp_path / "groundstation.toml"
    path.write_text(text, encoding="utf-8")
    return load_network(path)


def without(text: str, *keys: str, after: str = "") -> str:
    """The text without the first line of each key behind a mark."""
    start = text.index(after)
    head, lines = text[:start], text[start:].splitlines(keepends=True)
    for key in keys:
        place = next(i for i, line in enumerate(lines) if line.startswith(f"{key} ="))
        del lines[place]
    return head + "".join(lines)


def optics(satellite: Satellite) -> tuple[Transmitter, DecoySource]:
    assert satellite.transmitter is not None
    assert satellite.source is not None
    return satellite.transmitter, satellite.source


def test_the_published_payload_of_micius_arrives_in_si_units() -> None:
    # Liao et al., Nature 549, 43 (2017): 848.6 nm, 100 MHz, 0.2 ns, 0.8/0.1/0 at 50/25/25 %,
    # 10 urad, tracking 1.2 urad, contrast 280:1; 1 m, optics 16 %, detectors 50 %, 25 Hz, 350 ps,
    # gate 2 ns.
    network = load_network(example_path("micius-2016"))
    (micius,) = network.satellites
    transmitter, source = optics(micius)
    assert transmitter.wavelength_m == 848.6e-9
    assert transmitter.pointing_jitter_rad == 1.2e-6
    assert transmitter.beam == "10 urad disc-full"
    assert source.pulse_rate_hz == 1e8
    assert source.pulse_fwhm_s == pytest.approx(0.2e-9, rel=1e-15)
    assert source.intensities == (0.8, 0.1, 0.0)
    assert source.probabilities == (0.5, 0.25, 0.25)
    xinglong = network.stations[0]
    (receiver,) = xinglong.receivers
    assert (receiver.aperture_m, receiver.optics_efficiency) == (1.0, 0.16)
    # Assumed in the example, here for their units: 1 nm, 100 urad, 500 ps, 50 ns.
    assert receiver.filter_bandwidth_m == pytest.approx(1e-9, rel=1e-15)
    assert receiver.field_of_view_rad == pytest.approx(1e-4, rel=1e-15)
    assert receiver.synchronisation_jitter_s == pytest.approx(5e-10, rel=1e-15)
    assert receiver.dark_sky_radiance == 1.35e10
    detector = receiver.detector
    assert detector.dead_time_s == pytest.approx(5e-8, rel=1e-15)
    assert (detector.efficiency, detector.dark_count_rate_hz, detector.count) == (0.5, 25.0, 4)
    assert detector.jitter_fwhm_s == pytest.approx(350e-12, rel=1e-15)
    assert detector.gate_s == pytest.approx(2e-9, rel=1e-15)
    assert detector.basis_choice is BasisChoice.PASSIVE
    assert network.policies.max_range_m == 1_200_000.0
    assert network.default_night == "2016-12-19"


def test_the_divergence_of_micius_gives_the_published_22_db() -> None:
    # "About 22 dB" at 1200 km onto 1 m; area ratio of the disc (10 urad x 1200 km / 1 m)^2 is
    # 21.58 dB. On axis the Gaussian of the record is as bright as the disc:
    # D^2 / (2 w^2) with w = half-angle x range.
    (micius,) = load_network(example_path("micius-2016")).satellites
    radius_m = optics(micius)[0].half_angle_rad * 1_200e3
    assert -10.0 * math.log10(1.0 / (2.0 * radius_m**2)) == pytest.approx(21.58, abs=0.005)


def test_contrast_and_optical_error_combine_as_flips_in_a_row(tmp_path: Path) -> None:
    # 280:1 alone is 1/281 = 0.003559 (0.36 % in Liao 2017); with a second flip e the total is
    # a (1 - e) + e (1 - a).
    contrast, error = 1.0 / 281.0, 0.006
    both = optics(load(tmp_path, MICIUS).satellites[0])[1].intrinsic_qber
    assert both == pytest.approx(contrast * (1.0 - error) + error * (1.0 - contrast), rel=1e-12)
    one = optics(load(tmp_path, without(MICIUS, "optical_error")).satellites[0])[1].intrinsic_qber
    assert one == pytest.approx(contrast, rel=1e-12)


def test_an_own_limit_of_a_station_precedes_the_policy() -> None:
    network = load_network(example_path("europe-2026"))
    hogs, other = network.stations[0], network.stations[1]
    assert hogs.max_sun_elevation_rad == pytest.approx(math.radians(-9.5))
    assert other.max_sun_elevation_rad == pytest.approx(math.radians(-12.0))
    assert hogs.min_elevation_rad == pytest.approx(math.radians(20.0))


def test_times_and_places_of_the_european_example_arrive() -> None:
    network = load_network(example_path("europe-2026"))
    by_name = {station.name: station for station in network.stations}
    (shift,) = by_name["matera"].shifts
    assert (shift.start, shift.stop) == (time(18), time(4))
    (closed,) = by_name["holomondas"].maintenance
    assert closed.start == datetime(2026, 6, 16, 18, tzinfo=UTC)
    assert by_name["helmos"].mount.max_azimuth_rate_rad_s == pytest.approx(math.radians(1.5))
    assert by_name["esa-ogs"].site.longitude_rad == pytest.approx(math.radians(-16.51182))
    atmosphere = by_name["esa-ogs"].atmosphere
    assert atmosphere is not None
    assert atmosphere.precipitable_water_m == pytest.approx(0.004)
    eagle = network.satellites[3].planned_orbit
    assert eagle is not None
    assert eagle.altitude_m == 500e3
    assert eagle.inclination_rad is None
    assert eagle.local_time_ascending_node_h == 0.5
    assert eagle.epoch == datetime(2026, 6, 14, 20, tzinfo=UTC)


def test_an_offset_from_utc_is_taken_off(tmp_path: Path) -> None:
    text = EUROPE.replace("epoch = 2026-06-14T20:00:00Z", "epoch = 2026-06-14T22:00:00+02:00")
    orbit = load(tmp_path, text).satellites[3].planned_orbit
    assert orbit is not None
    assert orbit.epoch == datetime(2026, 6, 14, 20, tzinfo=UTC)
    assert orbit.epoch.tzinfo is UTC


def test_a_use_in_words_becomes_bits_per_day() -> None:
    network = load_network(example_path("europe-2026"))
    trunk = next(demand for demand in network.demands if demand.name == "carrier-trunk")
    assert trunk.use == "AES-256 every 30 s"
    assert trunk.bits_per_day == 256 * 2 * 60 * 24
    assert network.demands[1].untrusted == frozenset({"speqtre"})


def test_the_beam_of_an_aperture_follows_from_diffraction() -> None:
    # Klein & Degnan, Appl. Opt. 13, 2134 (1974): the best gain of an unobstructed telescope is
    # 0.8145 (pi D / wavelength)^2; a Gaussian of half-angle t has the gain 8 / t^2. The beam of
    # 36 mm is within 1 % of the best filling, which costs less than 1e-4 of the gain.
    (spoqc, *_) = load_network(example_path("europe-2026")).satellites
    gain = (math.pi * 0.08 / 785e-9) ** 2 * 0.8145
    assert optics(spoqc)[0].half_angle_rad == pytest.approx(math.sqrt(8.0 / gain), rel=1e-3)


def test_a_declared_and_a_computed_fibre_rate_say_where_they_come_from() -> None:
    declared, computed = load_network(example_path("europe-2026")).fibre_links
    assert (declared.key_rate_bps, declared.origin) == (2000.0, "declared")
    assert computed.origin.startswith(
        "computed: 70 km of 0.2 dB/km and 4 dB, tight, blocks of 3600 s; limits: infinite block "
    )
    infinite, repeaterless = (
        float(words.replace(",", "").split(" bit/s")[0].split()[-1])
        for words in computed.origin.split("; limits: ")[1].split(", without repeater ")
    )
    assert 0.0 < computed.key_rate_bps < infinite < repeaterless
    # The repeaterless bound -log2(1 - 10^-1.8) = 0.0230 bit per pulse caps 1e8 pulses a second.
    assert 0.0 < computed.key_rate_bps < 2.3e6


def test_a_computed_rate_depends_on_the_loss_and_not_on_how_it_comes_about(tmp_path: Path) -> None:
    # 70 km of 0.2 dB/km and 4 dB are 18 dB, and so are 10 km of 0.2 dB/km and 16 dB.
    other = EUROPE.replace("length_km = 70.0", "length_km = 10.0").replace(
        "extra_loss_db = 4.0", "extra_loss_db = 16.0"
    )
    rate_bps = load(tmp_path, other).fibre_links[1].key_rate_bps
    expected_bps = load(tmp_path, EUROPE).fibre_links[1].key_rate_bps
    assert rate_bps == pytest.approx(expected_bps, rel=1e-9)


PAYLOAD_KEYS = (
    "wavelength_nm",
    "pulse_rate_hz",
    "intensities",
    "probabilities",
    "key_basis_probability",
    "pulse_fwhm_ps",
    "divergence_urad",
    "divergence_definition",
    "pointing_jitter_urad",
    "pointing_bias_urad",
    "optics_efficiency",
)


@pytest.mark.parametrize("key", PAYLOAD_KEYS)
def test_a_missing_parameter_of_a_payload_is_named_and_refuses_its_budget(
    tmp_path: Path, key: str
) -> None:
    (micius,) = load(tmp_path, without(MICIUS, key)).satellites
    assert micius.missing == (f"satellites[0].payload.{key}",)
    assert micius.transmitter is None or micius.source is None


def test_without_contrast_and_optical_error_there_is_no_source(tmp_path: Path) -> None:
    text = without(MICIUS, "polarisation_contrast", "optical_error")
    (micius,) = load(tmp_path, text).satellites
    assert micius.source is None
    assert micius.missing == ("satellites[0].payload.optical_error",)


def test_an_unknown_brightness_is_named_but_leaves_the_transmitter(tmp_path: Path) -> None:
    (micius,) = load(tmp_path, without(MICIUS, "albedo")).satellites
    assert optics(micius)[0].albedo is None
    assert micius.missing == ("satellites[0].payload.albedo",)


def test_an_aperture_without_its_filling_is_named(tmp_path: Path) -> None:
    text = without(EUROPE, "beam_radius_m", "photon_number_reference")
    spoqc = load(tmp_path, text).satellites[0]
    assert spoqc.transmitter is None
    assert spoqc.missing == (
        "satellites[0].payload.beam_radius_m",
        "satellites[0].payload.photon_number_reference",
    )


STATION_KEYS = {
    "aperture_m": "telescope.aperture_m",
    "obscuration": "telescope.obscuration",
    "wavelength_nm": "receivers[0].wavelength_nm",
    "optics_efficiency": "receivers[0].optics_efficiency",
    "filter_bandwidth_nm": "receivers[0].filter_bandwidth_nm",
    "field_of_view_urad": "receivers[0].field_of_view_urad",
    "synchronisation_jitter_ps": "receivers[0].synchronisation_jitter_ps",
    "dark_sky_radiance": "receivers[0].dark_sky_radiance",
    "efficiency": "receivers[0].detector.efficiency",
    "dark_count_rate_hz": "receivers[0].detector.dark_count_rate_hz",
    "dead_time_ns": "receivers[0].detector.dead_time_ns",
    "jitter_fwhm_ps": "receivers[0].detector.jitter_fwhm_ps",
    "gate_ns": "receivers[0].detector.gate_ns",
    "afterpulse_probability": "receivers[0].detector.afterpulse_probability",
    "count": "receivers[0].detector.count",
    "basis_choice": "receivers[0].detector.basis_choice",
    "key_basis_probability": "receivers[0].detector.key_basis_probability",
    "aerosol_optical_depth_550": "atmosphere.aerosol_optical_depth_550",
    "aerosol": "atmosphere.aerosol",
    "precipitable_water_mm": "atmosphere.precipitable_water_mm",
    "ozone_du": "atmosphere.ozone_du",
    "cirrus_optical_depth": "atmosphere.cirrus_optical_depth",
}


@pytest.mark.parametrize("key", STATION_KEYS)
def test_a_missing_parameter_of_a_station_is_named_and_refuses_its_budget(
    tmp_path: Path, key: str
) -> None:
    text = without(MICIUS, key, after='name = "xinglong"')
    xinglong, nanshan, *_ = load(tmp_path, text).stations
    assert xinglong.missing == (f"stations[0].{STATION_KEYS[key]}",)
    is_air = STATION_KEYS[key].startswith("atmosphere")
    assert (xinglong.atmosphere is None) == is_air
    assert len(xinglong.receivers) == (1 if is_air else 0)
    assert nanshan.missing == ()


def test_missing_tables_are_named_once_and_not_key_by_key(tmp_path: Path) -> None:
    text = """
[network]
name = "bare"
[policies]
min_elevation_deg = 20
max_sun_elevation_deg = -12
[key]
proof = "satquma"
epsilon_secrecy = 1e-9
epsilon_correctness = 1e-15
error_correction = { model = "block", efficiency = 1.16 }
[[satellites]]
name = "sat"
norad_cat_id = 1
[[stations]]
name = "graz"
latitude_deg = 47
longitude_deg = 15
height_m = 500
[[stations]]
name = "matera"
latitude_deg = 40
longitude_deg = 16
height_m = 500
[[stations.receivers]]
wavelength_nm = 785
"""
    network = load(tmp_path, text)
    assert network.satellites[0].missing == ("satellites[0].payload",)
    assert network.stations[0].missing == (
        "stations[0].receivers",
        "stations[0].telescope",
        "stations[0].atmosphere",
    )
    assert "stations[1].telescope" in network.stations[1].missing
    assert "stations[1].receivers[0].detector" in network.stations[1].missing
    assert not any(".telescope." in path for path in network.stations[1].missing)
    # What is no physical parameter has the documented defaults.
    policies = network.policies
    assert (policies.min_contact_s, policies.horizon_nights) == (30.0, 1)
    assert (policies.max_satellite_hops, policies.max_fibre_hops) == (2, 2)
    assert policies.warn_elements_age_s == 3 * 86_400.0
    assert policies.max_elements_age_s == 10 * 86_400.0
    assert network.key.block_nights == 0
    joined = load(tmp_path, text.replace("[key]", "[key]\nblock_nights = 7"))
    assert joined.key.block_nights == 7
    assert (network.satellites[0].setup_s, network.satellites[0].is_trusted) == (60.0, True)


def test_gaps_say_which_budgets_they_refuse(tmp_path: Path) -> None:
    text = without(EUROPE, "albedo")
    text = without(text, "divergence_definition", after='name = "speqtre"')
    text = without(text, "ozone_du", after='name = "graz"')
    text = without(text, "gate_ns", after='name = "matera"')
    path = tmp_path / "groundstation.toml"
    path.write_text(text, encoding="utf-8")
    file = read_network_file(path)
    lines = text.splitlines()
    notes = {gap.path: gap for gap in gaps_of(file, network_of_file(file))}
    assert {place: gap.consequence for place, gap in notes.items()} == {
        "satellites[0].payload.albedo": "no link budget of spoqc while the Sun shines on it",
        "satellites[1].payload.divergence_definition": "no link budget of speqtre",
        "stations[2].receivers[0].detector.gate_ns":
            "no link budget at matera with its 785 nm receiver",
        "stations[9].atmosphere.ozone_du": "no link budget at graz",
        "demands[0].minimum_reserve_bits":
            "nobody knows what grid-control holds of its 100,000 bits",
    }  # fmt: skip
    line = notes["satellites[1].payload.divergence_definition"].line
    assert line is not None
    assert lines[line - 1] == "[satellites.payload]"


def test_a_satellite_that_no_station_can_receive_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "groundstation.toml"
    path.write_text(
        MICIUS.replace("wavelength_nm = 848.6", "wavelength_nm = 810.0", 1), encoding="utf-8"
    )
    file = read_network_file(path)
    (gap,) = gaps_of(file, network_of_file(file))
    assert str(gap) == (
        f"satellites[0].payload.wavelength_nm (line {gap.line}) of 810 nm is in no receiver's "
        "filter: no link budget of micius"
    )
