"""A night whose satellite announces its keys by radio."""

from datetime import datetime, timedelta

import pytest

from groundstation.database import open_if_present
from groundstation.night.replay import replay_plan

RADIO = """
[[radio_stations]]
name = "kashi"
latitude_deg = 39.5
longitude_deg = 76.0
height_m = 1300.0
"""


def with_radio(folder, more=""):
    path = folder / "groundstation.toml"
    keys = f'radio_stations = ["kashi"]\n{more}'
    text = path.read_text().replace('\nname = "micius"\n', f'\nname = "micius"\n{keys}')
    path.write_text(text + RADIO)
    return folder


@pytest.mark.slow
def test_contacts_say_when_their_key_is_announced_and_the_referee_agrees(fresh, run_night):
    result = run_night(with_radio(fresh))
    contacts = result.summary["contacts"]
    assert contacts
    for contact in contacts:
        stop, announced = (
            datetime.fromisoformat(contact[key]) for key in ("stop_utc", "announced_utc")
        )
        # Kashi is seen in some revolutions of the day and not in others.
        assert timedelta(minutes=1) < announced - stop < timedelta(hours=20)
    db = open_if_present(fresh / "state" / "groundstation.db")
    assert db is not None
    assert replay_plan(fresh, db, result.summary["plan_id"]).is_equal


@pytest.mark.slow
def test_key_that_cannot_be_announced_in_the_night_is_not_delivered(fresh, run_night):
    result = run_night(with_radio(fresh, "announcement_delay_min = 2000\n"), dry_run=True)
    assert result.summary["contacts"]
    assert all(d["delivered_bits"] == 0 for d in result.summary["deliveries"])
