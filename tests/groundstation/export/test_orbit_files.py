"""CPF, OEM, OMM and TLE hold the orbit of the forecast."""

import json
from dataclasses import replace

import numpy as np
import pytest

from groundstation.export.orbit_files import cpf_files, oem_files, omm_file, tle_file
from tle.formats import read_elements
from tle.trajectory.cpf import read_cpf
from tle.trajectory.oem import read_oem


def text_of(files):
    (file,) = files
    return file.content.decode()


def test_the_element_set_used_comes_back_from_both_files(outcome):
    used = outcome.elements[0].elements
    for file in (*omm_file(outcome), *tle_file(outcome)):
        (read,), faults = read_elements(file.content, file.name)
        assert not faults
        assert read.norad_cat_id == used.norad_cat_id
        assert read.mean_anomaly_deg == used.mean_anomaly_deg
        assert read.mean_motion_rev_per_day == used.mean_motion_rev_per_day
        assert abs((read.epoch - used.epoch).total_seconds()) < 1e-5


def test_a_number_too_long_for_two_lines_is_named_and_kept_in_the_omm(outcome):
    used = outcome.elements[0]
    # Without its published text: a set keeps the digits it came with.
    long = replace(used, elements=replace(used.elements, norad_cat_id=123_456_789, text=""))
    night = replace(outcome, elements=(long,))
    text = text_of(tle_file(night))
    assert text.startswith("# ")
    assert "123456789" in text
    in_json, in_xml = (file.content for file in omm_file(night))
    assert json.loads(in_json)[0]["NORAD_CAT_ID"] == 123_456_789
    assert b"<NORAD_CAT_ID>123456789</NORAD_CAT_ID>" in in_xml


@pytest.mark.parametrize(("write", "read"), [(oem_files, read_oem), (cpf_files, read_cpf)])
def test_trajectories_cover_the_night_every_minute(outcome, write, read):
    ephemeris = read(text_of(write(outcome)))
    (segment,) = ephemeris.segments
    times = segment.times_s + ephemeris.epoch.timestamp()
    assert times[0] == pytest.approx(outcome.start.timestamp(), abs=1e-3)
    assert times[-1] >= outcome.stop.timestamp() - 1e-3
    assert np.diff(times) == pytest.approx(60.0, abs=1e-3)


def test_the_two_trajectories_agree_to_a_millimetre(outcome):
    oem, cpf = read_oem(text_of(oem_files(outcome))), read_cpf(text_of(cpf_files(outcome)))
    apart = oem.segments[0].positions_m - cpf.segments[0].positions_m
    assert np.abs(apart).max() < 1.1e-3


def test_a_late_piece_of_a_launch_leaves_its_designator_out_of_the_cpf(outcome):
    used = outcome.elements[0]
    late = replace(used, elements=replace(used.elements, object_id="2025-276DH"))
    text = text_of(cpf_files(replace(outcome, elements=(late,))))
    assert read_cpf(text).norad_cat_id == used.elements.norad_cat_id


def test_only_satellites_with_a_contact_get_a_trajectory(outcome):
    night = replace(outcome, plan=replace(outcome.plan, contacts=()))
    assert not list(oem_files(night))
    assert not list(cpf_files(night))
