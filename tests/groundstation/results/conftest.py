"""Passes of known links over stations of the European example, without any orbit."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.database import open_database
from groundstation.instants import utc_text
from groundstation.night.issue import constants_for, issued_forecast, link_of, spread_of
from groundstation.night.links import forecast_link, security_of
from groundstation.night_records import NightPass
from groundstation.results.calibration_store import calibration_for, update_calibration
from groundstation.results.store import add_forecasts, add_result, prepare
from passes.track import Track

FIRST_NIGHT = date(2026, 6, 14)
HEIGHT_M, SPEED_M_S = 500e3, 7.1e3


def track_over(top_deg, epoch, lowest_deg=20.0):
    """Every second of a straight flight over a flat Earth, dark and moonless."""
    offset_m = HEIGHT_M / np.tan(np.radians(top_deg))
    lowest_m = HEIGHT_M / np.sin(np.radians(lowest_deg))
    half_s = np.sqrt(lowest_m**2 - HEIGHT_M**2 - offset_m**2) / SPEED_M_S
    times_s = np.arange(-half_s + 0.5, half_s)
    range_m = np.sqrt(HEIGHT_M**2 + offset_m**2 + (SPEED_M_S * times_s) ** 2)
    same = np.ones_like(times_s)
    return Track(
        epoch=epoch,
        times_s=times_s + half_s,
        azimuth_rad=same,
        elevation_rad=np.arcsin(HEIGHT_M / range_m),
        range_m=range_m,
        range_rate_m_s=SPEED_M_S**2 * times_s / range_m,
        azimuth_rate_rad_s=0.0 * same,
        elevation_rate_rad_s=0.0 * same,
        sun_elevation_rad=-0.7 * same,
        moon_elevation_rad=-0.5 * same,
        moon_separation_rad=1.5 * same,
        moon_phase_angle_rad=3.0 * same,
        sunlit_fraction=0.0 * same,
        solar_phase_angle_rad=1.0 * same,
        is_usable=np.ones(times_s.shape, dtype=bool),
    )


class Nights:
    """A network whose passes fly as a test wants them; state in a real database."""

    def __init__(self, path):
        self.network = load_network(example_path("europe-2026"))
        self.db = open_database(path)
        prepare(self.db)

    def satellite(self, name):
        return next(s for s in self.network.satellites if s.name == name)

    def station(self, name):
        return next(s for s in self.network.stations if s.name == name)

    def night(self, number):
        return (FIRST_NIGHT + timedelta(days=number)).isoformat()

    def night_pass(self, satellite, station, number, top_deg=60.0, *, calibration=None, hour=22):
        """One pass with forecast and spread, under the calibration that is given."""
        rise = datetime(2026, 6, 14, hour, tzinfo=UTC) + timedelta(days=number)
        track = track_over(top_deg, rise)
        sender, place = self.satellite(satellite), self.station(station)
        constants = constants_for(calibration, sender, place, self.night(number))
        refusal, forecast = forecast_link(self.network.key, sender, place, track, constants)
        assert refusal is None
        assert forecast is not None
        spread = spread_of(self.network.key, sender, place, track, forecast, constants)
        length_s = float(track.times_s[-1] + 0.5)
        los = rise + timedelta(seconds=length_s)
        tca = rise + timedelta(seconds=length_s / 2)
        return NightPass(
            pass_id=f"{satellite}-{station}-{tca:%Y%m%dT%H%M}",
            satellite=satellite,
            station=station,
            aos=rise,
            tca=tca,
            los=los,
            aos_truncated=False,
            los_truncated=False,
            max_elevation_rad=float(np.radians(top_deg)),
            min_range_m=float(track.range_m.min()),
            aos_azimuth_rad=0.0,
            tca_azimuth_rad=0.0,
            los_azimuth_rad=0.0,
            sun_elevation_rad=-0.7,
            sunlit_fraction=0.0,
            moon_separation_rad=1.5,
            moon_elevation_rad=-0.5,
            moon_illumination=0.1,
            keyhole_s=0.0,
            elements_epoch=rise - timedelta(days=1),
            elements_age_s=86_400.0,
            sigma_time_s=0.1,
            sigma_pointing_rad=1e-5,
            windows=((rise, los),),
            refusal=None,
            track=track,
            forecast=forecast,
            spread=spread,
        )

    def issue(self, item, number, *, calibration=None, issued_at=None):
        """The promise of a pass, and the pass made known."""
        sender, place = self.satellite(item.satellite), self.station(item.station)
        night = self.night(number)
        issued = issued_forecast(
            item,
            sender,
            place,
            night=night,
            plan_id="0" * 12,
            is_contact=True,
            issued_at=issued_at or item.aos - timedelta(hours=8),
            elements_source="test",
            constants=constants_for(calibration, sender, place, night),
        )
        assert issued is not None
        row = {
            "pass_id": item.pass_id,
            "satellite": item.satellite,
            "station": item.station,
            "aos": utc_text(item.aos),
            "los": utc_text(item.los),
        }
        self.db.table("known_pass").upsert(row, pk="pass_id")
        return issued

    def result(self, world, issued, **options):
        """What a world makes of a promise."""
        link = link_of(self.satellite(issued.satellite), self.station(issued.station))
        security = security_of(self.network.key)
        return world.result(issued, link, security, self.network.key.proof, **options)

    def run(self, world, number, passes, *, fit=True):
        """One night: passes forecast, delivered, recorded; then the fit. What was promised."""
        calibration = calibration_for(self.db, self.night(number))
        promised = []
        for satellite, station, top_deg, hour in passes:
            item = self.night_pass(
                satellite, station, number, top_deg, calibration=calibration, hour=hour
            )
            issued = self.issue(item, number, calibration=calibration)
            add_forecasts(self.db, [issued])
            delivered = self.result(world, issued)
            morning = item.los + timedelta(hours=6)
            add_result(self.db, delivered, night=self.night(number), file="counts.csv", now=morning)
            promised.append((issued, delivered))
        if fit:
            update_calibration(self.db, now=datetime(2026, 6, 15, 8, tzinfo=UTC))
        return promised


@pytest.fixture
def nights(tmp_path):
    return Nights(tmp_path / "state" / "groundstation.db")


@pytest.fixture(scope="session")
def new_nights():
    """Makes a network with its own state at a path."""
    return Nights
