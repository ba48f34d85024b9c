"""Every fault of a network file is told with line, path, value and limit, all in one go."""

from pathlib import Path

import pytest

from groundstation.config import load_network
from groundstation.errors import ConfigError, UsageError

BASE = """\
[network]
name = "test"

[policies]
min_elevation_deg = 20.0
max_sun_elevation_deg = -12.0

[key]
proof = "satquma"
epsilon_secrecy = 1e-9
epsilon_correctness = 1e-15
error_correction = { model = "logm", efficiency = 1.16 }

[[satellites]]
name = "sat-one"
norad_cat_id = 68423
[satellites.payload]
wavelength_nm = 785.0
intensities = [0.7, 0.15, 0.0]
probabilities = [0.7, 0.2, 0.1]
divergence_urad = 20.0
divergence_definition = "1/e2-full"

[[satellites]]
name = "sat-two"
[satellites.planned_orbit]
altitude_km = 500.0
sun_synchronous = true
local_time_ascending_node = "22:30"
argument_of_latitude_deg = 0.0
epoch = 2026-06-14T20:00:00Z

[[stations]]
name = "graz"
latitude_deg = 47.0671
longitude_deg = 15.4933
height_m = 539.4
horizon = [[0.0, 10.0], [180.0, 5.0]]
shifts = [["18:00", "04:00"]]
[stations.telescope]
aperture_m = 0.5
[[stations.receivers]]
wavelength_nm = 785.0
filter_bandwidth_nm = 1.0
detector = { efficiency = 0.6, count = 4, basis_choice = "passive" }
[[stations.maintenance]]
start = 2026-06-16T18:00:00Z
stop = 2026-06-17T04:00:00Z
reason = "mirror"

[[stations]]
name = "matera"
latitude_deg = 40.6486
longitude_deg = 16.7046
height_m = 536.9

[[fibre_nodes]]
name = "vienna"
latitude_deg = 48.2
longitude_deg = 16.4

[[fibre_links]]
a = "graz"
b = "vienna"
key_rate_bps = 1000.0

[[sites]]
name = "substation"
operator = "grid"
node = "vienna"

[[sites]]
name = "bank"
operator = "bank"
node = "matera"

[[demands]]
name = "control"
a = "substation"
b = "bank"
use = "AES-256 every 60 s"
untrusted = ["sat-two"]
"""


def faults_of(tmp_path: Path, text: str) -> tuple[ConfigError, list[tuple[int | None, str, str]]]:
    path = tmp_path / "groundstation.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_network(path)
    return caught.value, [(fault.line, fault.path, fault.message) for fault in caught.value.faults]


def changed(*replacements: tuple[str, str]) -> str:
    text = BASE
    for old, new in replacements:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_base_of_these_tests_has_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "groundstation.toml"
    path.write_text(BASE, encoding="utf-8")
    network = load_network(path)
    assert [station.name for station in network.stations] == ["graz", "matera"]
    assert load_network(tmp_path) == network


def test_three_faults_are_told_at_once_with_line_value_and_limit(tmp_path: Path) -> None:
    text = changed(
        ("latitude_deg = 47.0671", "latitude_deg = 123.4"),
        ('name = "sat-one"\n', 'name = "sat-one"\nsetup_seconds = 60\n'),
        ('node = "matera"', 'node = "matara"'),
    )
    error, faults = faults_of(tmp_path, text)
    assert faults == [
        (
            line_of(text, "setup_seconds"),
            "satellites[0].setup_seconds",
            "unknown key (did you mean 'setup_s'?)",
        ),
        (line_of(text, "123.4"), "stations[0].latitude_deg", "123.4 is outside -90..90"),
        (
            line_of(text, '"matara"'),
            "sites[1].node",
            "no station or fibre node 'matara' (did you mean 'matera'?)",
        ),
    ]
    assert str(error) == "the network file has 3 faults"
    assert error.exit_code == 78
    assert error.hint
    assert str(error.faults[1]) == (
        f"{tmp_path / 'groundstation.toml'}:{line_of(text, '123.4')}: "
        "stations[0].latitude_deg: 123.4 is outside -90..90"
    )


# (text that is replaced, text that replaces it, path of the fault, its message)
SINGLE_FAULTS = [
    ("height_m = 539.4", 'height_m = "high"', "stations[0].height_m", "'high' is not a number"),
    ("height_m = 539.4", "height_m = true", "stations[0].height_m", "true is not a number"),
    ("height_m = 539.4", "height_m = nan", "stations[0].height_m", "nan is not a finite number"),
    ("height_m = 539.4\n", "", "stations[0].height_m", "is missing (above the ellipsoid [m])"),
    ("norad_cat_id = 68423", "norad_cat_id = 1.5", "satellites[0].norad_cat_id",
     "1.5 is not a whole number"),
    ("norad_cat_id = 68423", "norad_cat_id = 0", "satellites[0].norad_cat_id",
     "0 is outside 1..999999999"),
    ("wavelength_nm = 785.0", "wavelength_nm = 7850.0", "satellites[0].payload.wavelength_nm",
     "7850.0 is outside 400..1600"),
    ("divergence_urad = 20.0", "divergence_urad = 0.0", "satellites[0].payload.divergence_urad",
     "0.0 is not above 0 and at most 10000"),
    ('"1/e2-full"', '"1/e2"', "satellites[0].payload.divergence_definition",
     "'1/e2' is not one of 1/e2-half, 1/e2-full, fwhm-full, disc-full (did you mean '1/e2-half'?)"),
    ("[0.7, 0.2, 0.1]", "[0.7, 0.2, 0.2]", "satellites[0].payload.probabilities",
     "[0.7, 0.2, 0.2] sums to 1.1, not to 1"),
    ("[0.7, 0.2, 0.1]", "[0.7, 0.3]", "satellites[0].payload.probabilities",
     "has 2 elements, not at least 3"),
    ("[0.7, 0.15, 0.0]", "[0.1, 0.15, 0.0]", "satellites[0].payload.intensities",
     "[0.1, 0.15, 0.0] is not in order: signal > decoy + vacuum and decoy > vacuum"),
    ("[0.7, 0.15, 0.0]", "[0.7, -0.15, 0.0]", "satellites[0].payload.intensities[1]",
     "-0.15 is outside 0..10"),
    ("[0.7, 0.15, 0.0]", "0.7", "satellites[0].payload.intensities", "0.7 is not a list"),
    ('"22:30"', '"25:30"', "satellites[1].planned_orbit.local_time_ascending_node",
     "'25:30' is not a time of day like 18:00"),
    ("epoch = 2026-06-14T20:00:00Z", "epoch = 2026-06-14T20:00:00",
     "satellites[1].planned_orbit.epoch", "2026-06-14T20:00:00 has no offset from UTC; append Z"),
    ("epoch = 2026-06-14T20:00:00Z", "epoch = 2026-06-14", "satellites[1].planned_orbit.epoch",
     "2026-06-14 is not an instant like 2026-06-14T20:00:00Z"),
    ('name = "graz"', 'name = "Graz 1"', "stations[0].name",
     "'Graz 1' is not a name (lower-case letters, digits and hyphens)"),
    ("[180.0, 5.0]]", "[0.0, 5.0]]", "stations[0].horizon",
     "azimuth 0 deg does not ascend after 0 deg"),
    ("[180.0, 5.0]]", "[360.0, 5.0]]", "stations[0].horizon[1]",
     "azimuth 360 deg is outside 0..360 (360 itself is 0)"),
    ("[180.0, 5.0]]", "[180.0, 95.0]]", "stations[0].horizon[1]",
     "elevation 95 deg is outside -90..90"),
    ("[180.0, 5.0]]", "[180.0]]", "stations[0].horizon[1]", "has 1 elements, not at least 2"),
    ('[["18:00", "04:00"]]', '[["18:00"]]', "stations[0].shifts[0]",
     "has 1 elements, not at least 2"),
    ('[["18:00", "04:00"]]', '[["18:00", "4"]]', "stations[0].shifts[0][1]",
     "'4' is not a time of day like 18:00"),
    ('[["18:00", "04:00"]]', '[["18:00", "18:00"]]', "stations[0].shifts[0]",
     "shift starts and stops at 18:00; leave shifts out to work always"),
    ("detector = {", "detector = 4 # {", "stations[0].receivers[0].detector", "4 is not a table"),
    ("{ efficiency = 0.6,", "{ efficency = 0.6,", "stations[0].receivers[0].detector.efficency",
     "unknown key (did you mean 'efficiency'?)"),
    ('reason = "mirror"', 'reason = ""', "stations[0].maintenance[0].reason", "is empty"),
    ('proof = "satquma"', 'proof = "best"', "key.proof",
     "'best' is not one of tight, lim2014, satquma"),
    ("efficiency = 1.16", "efficiency = 0.9", "key.error_correction.efficiency",
     "0.9 is outside 1..3"),
    ('"AES-256 every 60 s"', '"AES-256 sometimes"', "demands[0].use",
     ("cannot read 'AES-256 sometimes'; readable is \"AES-256 every 60 s\" or "
     '"4096 bits every 1 h" (units s, min, h, d)')),
    # Rules that join several keys or tables.
    ('name = "matera"', 'name = "graz"', "stations[1].name",
     "'graz' is already the name of stations[0]"),
    ('name = "vienna"', 'name = "sat-one"', "fibre_nodes[0].name",
     "'sat-one' is already the name of satellites[0]"),
    ('name = "bank"', 'name = "substation"', "sites[1].name",
     "'substation' is already the name of sites[0]"),
    ('name = "sat-two"\n', 'name = "sat-two"\nnorad_cat_id = 68423\n', "satellites[1].norad_cat_id",
     "68423 is already the catalogue number of satellites[0]"),
    ("[0.7, 0.15, 0.0]", "[0.7, 0.15, 0.001]", "satellites[0].payload.intensities[2]",
     "0.001 is not 0: the vacuum bound of the satquma proof is not safe above 0"),
    ("key_rate_bps = 1000.0", "terminals = { intensities = [0.5, 0.1, 5e-5] }",
     "fibre_links[0].terminals.intensities[2]",
     "5e-05 is not 0: the vacuum bound of the satquma proof is not safe above 0"),
    ('a = "graz"', 'a = "gratz"', "fibre_links[0].a",
     "no station or fibre node 'gratz' (did you mean 'graz'?)"),
    ('a = "graz"', 'a = "vienna"', "fibre_links[0].b", "the link joins 'vienna' with itself"),
    ('b = "bank"', 'b = "banc"', "demands[0].b", "no site 'banc' (did you mean 'bank'?)"),
    ('b = "bank"', 'b = "substation"', "demands[0].b",
     "the demand joins 'substation' with itself"),
    ('node = "matera"', 'node = "vienna"', "demands[0].b",
     "'substation' and 'bank' are both at node 'vienna'; no key has to be carried"),
    ('["sat-two"]', '["sat-too"]', "demands[0].untrusted[0]",
     "no station, fibre node or satellite 'sat-too' (did you mean 'sat-two'?)"),
    ('["sat-two"]', '["sat-two", "matera"]', "demands[0].untrusted[1]",
     "'matera' serves 'bank', an end of this demand, and must be trusted"),
    ("norad_cat_id = 68423\n", "", "satellites[0].norad_cat_id",
     "is missing; give it or planned_orbit"),
    ('name = "sat-two"\n', 'name = "sat-two"\nnorad_cat_id = 5\n', "satellites[1].planned_orbit",
     "excludes norad_cat_id: give one of them"),
    ('local_time_ascending_node = "22:30"\n', "",
     "satellites[1].planned_orbit.local_time_ascending_node",
     "is missing for a sun-synchronous orbit"),
    ("sun_synchronous = true", "sun_synchronous = true\ninclination_deg = 97.0",
     "satellites[1].planned_orbit.inclination_deg",
     "follows from sun_synchronous = true; leave one of them out"),
    ("sun_synchronous = true\n", "", "satellites[1].planned_orbit.inclination_deg",
     "is missing for an orbit that is not sun-synchronous"),
    ("sun_synchronous = true", "inclination_deg = 97.0\nraan_deg = 10.0",
     "satellites[1].planned_orbit.local_time_ascending_node",
     "excludes raan_deg: give one of them"),
    ("divergence_urad = 20.0", "divergence_urad = 20.0\ntransmit_aperture_m = 0.1",
     "satellites[0].payload.transmit_aperture_m",
     "excludes divergence_urad: a beam is given by its divergence or by its aperture"),
    ("key_rate_bps = 1000.0\n", "", "fibre_links[0].key_rate_bps",
     "is missing; declare it, or give length_km, loss_db_per_km, extra_loss_db, terminals"),
    ("key_rate_bps = 1000.0", "key_rate_bps = 1000.0\nextra_loss_db = 3.0",
     "fibre_links[0].extra_loss_db", "excludes key_rate_bps: a rate is declared or computed"),
    ('use = "AES-256 every 60 s"\n', "", "demands[0].bits_per_day",
     "is missing; give it or use"),
    ('use = "AES-256 every 60 s"', 'use = "AES-256 every 60 s"\nbits_per_day = 5.0',
     "demands[0].use", "excludes bits_per_day: give one of them"),
    ("[[stations.maintenance]]", ("[[stations.receivers]]\nwavelength_nm = 785.4\n"
     "[[stations.maintenance]]"), "stations[0].receivers[1].wavelength_nm",
     "785.4 nm lies in the pass band of receivers[0]"),
    ("count = 4", "count = 2", "stations[0].receivers[0].detector.count",
     "2 is not 4, which passive basis choice needs"),
    ("stop = 2026-06-17T04:00:00Z", "stop = 2026-06-16T18:00:00Z",
     "stations[0].maintenance[0].stop",
     "2026-06-16T18:00:00+00:00 is not after start 2026-06-16T18:00:00+00:00"),
    ("min_elevation_deg = 20.0", ("min_elevation_deg = 20.0\nwarn_elements_age_d = 11\n"
     "max_elements_age_d = 10"), "policies.warn_elements_age_d",
     "11 d is above max_elements_age_d, 10 d"),
    ("[[stations.maintenance]]",
     "[stations.mount]\nazimuth_range_deg = [270, -270]\n\n[[stations.maintenance]]",
     "stations[0].mount.azimuth_range_deg", "270 to -270 does not ascend"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "message"), SINGLE_FAULTS)
def test_a_fault_names_its_path_and_its_reason(
    tmp_path: Path, old: str, new: str, path: str, message: str
) -> None:
    _, faults = faults_of(tmp_path, changed((old, new)))
    assert (path, message) in [(place, reason) for _, place, reason in faults]
    line = next(line for line, place, _ in faults if place == path)
    assert line is not None


def test_faults_of_keys_and_of_rules_come_in_the_same_run(tmp_path: Path) -> None:
    text = changed(("height_m = 539.4", "height_m = 1e9"), ('a = "graz"', 'a = "gratz"'))
    _, faults = faults_of(tmp_path, text)
    assert [path for _, path, _ in faults] == ["stations[0].height_m", "fibre_links[0].a"]


def test_a_table_of_the_wrong_kind_does_not_stop_the_other_rules(tmp_path: Path) -> None:
    text = changed(('b = "bank"', 'b = "banc"')) + "sites2 = 3\n[network2]\n"
    _, faults = faults_of(tmp_path, text.replace("[policies]", "policies = 3\n[other]"))
    paths = [path for _, path, _ in faults]
    assert "demands[0].b" in paths
    assert "network.policies" in paths
    assert "policies" in paths


def test_a_catalogue_number_given_thrice_is_told_twice_and_planned_orbits_have_none(
    tmp_path: Path,
) -> None:
    satellite = '[[satellites]]\nname = "sat-{}"\nnorad_cat_id = 68423\n'
    planned = BASE[BASE.index('[[satellites]]\nname = "sat-two"') : BASE.index("[[stations]]")]
    text = BASE + satellite.format("three") + satellite.format("four")
    text += planned.replace("sat-two", "sat-five")
    _, faults = faults_of(tmp_path, text)
    assert [(path, message) for _, path, message in faults] == [
        (f"satellites[{index}].norad_cat_id", message)
        for index in (2, 3)
        for message in ("68423 is already the catalogue number of satellites[0]",)
    ]


def test_a_vacuum_of_exactly_nothing_is_the_only_one_without_fault(tmp_path: Path) -> None:
    for vacuum in ("0.0", "-0.0"):
        path = tmp_path / "groundstation.toml"
        path.write_text(changed(("[0.7, 0.15, 0.0]", f"[0.7, 0.15, {vacuum}]")), encoding="utf-8")
        load_network(path)
    _, faults = faults_of(tmp_path, changed(("[0.7, 0.15, 0.0]", "[0.7, 0.15, 1e-300]")))
    assert [path for _, path, _ in faults] == ["satellites[0].payload.intensities[2]"]


def test_a_second_fibre_between_the_same_nodes_is_refused(tmp_path: Path) -> None:
    text = BASE + '[[fibre_links]]\na = "vienna"\nb = "graz"\nkey_rate_bps = 5.0\n'
    _, faults = faults_of(tmp_path, text)
    assert faults == [
        (
            line_of(text, 'b = "graz"'),
            "fibre_links[1].b",
            "'vienna' and 'graz' are already joined by fibre_links[0]",
        )
    ]


def test_a_fibre_whose_rate_is_computed_names_every_parameter_it_lacks(tmp_path: Path) -> None:
    text = changed(
        (
            "key_rate_bps = 1000.0",
            (
                "length_km = 50.0\nloss_db_per_km = 0.2\nextra_loss_db = 3.0\n"
                "terminals = { pulse_rate_hz = 1e8, block_s = 60.0 }"
            ),
        )
    )
    _, faults = faults_of(tmp_path, text)
    line = line_of(text, "terminals = {")
    assert {fault[1] for fault in faults} == {
        f"fibre_links[0].terminals.{key}"
        for key in (
            "intensities",
            "probabilities",
            "key_basis_probability",
            "pulse_fwhm_ps",
            "optical_error",
            "detector",
        )
    }
    assert {fault[0] for fault in faults} == {line}


def test_a_syntax_error_is_placed_in_its_line(tmp_path: Path) -> None:
    _, faults = faults_of(tmp_path, BASE.replace("height_m = 539.4", "height_m = 539,4"))
    ((line, path, message),) = faults
    assert line == line_of(BASE, "height_m = 539.4")
    assert path.startswith("column ")
    assert message == "expected newline or end of document after a statement"


def test_a_text_that_breaks_off_is_placed_at_its_end(tmp_path: Path) -> None:
    _, faults = faults_of(tmp_path, '[network]\nname = """broken\n')
    ((line, path, message),) = faults
    assert (line, path) == (3, "end of file")
    assert message.startswith("unterminated string")


def test_bytes_that_are_no_text_are_placed_in_their_line(tmp_path: Path) -> None:
    path = tmp_path / "groundstation.toml"
    path.write_bytes(b'[network]\nname = "caf\xe9"\n')
    with pytest.raises(ConfigError) as caught:
        load_network(path)
    (fault,) = caught.value.faults
    assert (fault.line, fault.message) == (2, "byte 0xe9 is not UTF-8")


def test_an_element_file_that_is_not_there_is_a_fault_but_a_pattern_is_not(tmp_path: Path) -> None:
    text = changed(('name = "test"', 'name = "test"\nelements = ["a.tle", "elements/*.tle"]'))
    _, faults = faults_of(tmp_path, text)
    assert faults == [(3, "network.elements[0]", f"there is no file a.tle in {tmp_path}")]


def test_a_file_that_is_not_there_is_a_usage_error_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no network file x\.toml") as caught:
        load_network(tmp_path / "x.toml")
    assert caught.value.where == str(tmp_path)
    assert caught.value.hint == "groundstation init DIR --example europe-2026"
