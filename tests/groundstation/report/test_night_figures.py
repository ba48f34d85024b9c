"""Figures of a night: the right seconds, the right place, no line across the map."""

import re
from dataclasses import replace

import numpy as np
import pytest

from groundstation.night_records import GroundTrack
from groundstation.report.drawing.canvas import Canvas
from groundstation.report.drawing.panel import time_ticks
from groundstation.report.figures.labels import placed_labels, short_label
from groundstation.report.figures.link import (
    contact_window,
    loss_figure,
    rate_figure,
    stacked_loss_db,
)
from groundstation.report.figures.network_map import (
    WIDTH_PT,
    clipped,
    map_labels,
    network_map,
    relayed_pairs,
    track_segments,
    view_of,
)
from groundstation.report.figures.sky import (
    CENTRE_PT,
    RADIUS_PT,
    keyhole_seconds,
    moon_direction,
    on_chart,
    sky_figure,
)


def lines_of(canvas, colour):
    """Lines of one colour as arrays of points [pt], piece by piece."""
    pieces = []
    for data in re.findall(rf'<path d="([^"]+)" stroke="var\(--{colour}\)"', canvas.body):
        for part in data.split("M")[1:]:
            start, steps = part.split("l")
            first = np.array(start.split(), dtype=float)
            moves = np.array(re.findall(r"-?\d+", steps), dtype=float).reshape(-1, 2)
            pieces.append(np.vstack([first, first + np.cumsum(moves, axis=0)]) / 10.0)
    return pieces


def runs_of(flags):
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return list(zip(edges[::2], edges[1::2] - 1, strict=True))


@pytest.fixture(scope="module")
def chosen(night):
    """The contacts' passes with their stations."""
    stations = {s.name: s for s in night.network.stations}
    passes = {p.pass_id: p for p in night.passes}
    return [
        (passes[c.pass_id], stations[c.station])
        for c in sorted(night.plan.contacts, key=lambda c: c.start)
    ]


def test_the_bold_part_of_a_sky_plot_is_the_usable_part(chosen):
    for night_pass, station in chosen:
        track = night_pass.track
        points = on_chart(track.azimuth_rad, track.elevation_rad)
        bold = lines_of(sky_figure(night_pass, station), "taken")
        runs = [run for run in runs_of(track.is_usable) if run[1] > run[0]]
        assert len(bold) == len(runs)
        for piece, (first, last) in zip(bold, runs, strict=True):
            # Coordinates are tenths of a point.
            assert np.allclose(piece[[0, -1]], points[[first, last]], atol=0.06)


def test_a_sky_plot_has_north_up_and_east_right(chosen):
    night_pass, station = chosen[0]
    count = len(night_pass.track.times_s)
    track = replace(
        night_pass.track,
        azimuth_rad=np.linspace(np.pi / 2, 0.0, count),
        elevation_rad=np.full(count, np.pi / 6),
    )
    (line,) = lines_of(sky_figure(replace(night_pass, track=track), station), "track")
    # At 30 degrees: two thirds of the way from the zenith to the rim, from East to North.
    away = 2.0 / 3.0 * RADIUS_PT
    assert line[0] == pytest.approx([CENTRE_PT + away, CENTRE_PT], abs=0.06)
    assert line[-1] == pytest.approx([CENTRE_PT, CENTRE_PT - away], abs=0.06)


def test_a_keyhole_is_drawn_where_the_mount_is_too_slow(chosen):
    slow = [pair for pair in chosen if pair[0].keyhole_s > 0]
    assert slow
    for night_pass, station in slow:
        assert np.count_nonzero(keyhole_seconds(night_pass.track)) == night_pass.keyhole_s
        # The stretch itself and the two strokes of the cross.
        assert len(lines_of(sky_figure(night_pass, station), "keyhole")) == 3


def test_the_moon_is_found_from_its_separations(chosen):
    track = chosen[0][0].track
    azimuth, elevation = 3.4, 0.5
    separation = np.arccos(
        np.sin(track.elevation_rad) * np.sin(elevation)
        + np.cos(track.elevation_rad) * np.cos(elevation) * np.cos(track.azimuth_rad - azimuth)
    )
    moonlit = replace(
        track,
        moon_elevation_rad=np.full_like(separation, elevation),
        moon_separation_rad=separation,
    )
    # Least squares of hundreds of exact equations: rounding only.
    assert moon_direction(moonlit) == pytest.approx((azimuth, elevation), abs=1e-9)


def test_the_moon_is_left_out_where_two_places_fit(chosen):
    track = chosen[0][0].track
    overhead = replace(
        track, azimuth_rad=np.where(track.times_s < track.times_s.mean(), 0.0, np.pi)
    )
    assert moon_direction(overhead) is None


def test_curves_break_where_seconds_are_not_usable(chosen):
    gapped = [p for p, _ in chosen if p.keyhole_s > 0]
    assert gapped
    for night_pass in gapped:
        runs = [run for run in runs_of(night_pass.track.is_usable) if run[1] > run[0]]
        figure = rate_figure(night_pass, night_pass.forecast)
        assert len(runs) > 1
        assert len(lines_of(figure, "sifted")) == len(lines_of(figure, "qber")) == len(runs)


def test_the_stack_of_losses_ends_at_the_total(chosen):
    for night_pass, _ in chosen:
        track, budget = night_pass.track, night_pass.forecast.budget
        top = stacked_loss_db(night_pass, night_pass.forecast)[-1]
        window = contact_window(track)
        usable = track.is_usable[window]
        # Sums in another order differ in the last bits.
        assert np.allclose(top[usable], budget.total_db[window][usable], rtol=1e-12)
        assert np.all(np.isnan(top[~usable]))


def test_the_curve_of_the_total_is_drawn_to_scale(chosen):
    night_pass, _ = chosen[0]
    top = stacked_loss_db(night_pass, night_pass.forecast)[-1]
    drawn = np.vstack(lines_of(loss_figure(night_pass, night_pass.forecast), "ink"))
    # The panel is 240 pt high, from 270 pt upwards, and ends 8 % above the largest loss.
    highest = 270.0 - drawn[:, 1].min()
    assert highest == pytest.approx(240.0 / 1.08, abs=0.1)
    lowest = (270.0 - drawn[:, 1].max()) / highest
    assert lowest == pytest.approx(np.nanmin(top) / np.nanmax(top), abs=2e-3)


def test_ticks_are_full_minutes_of_utc(chosen):
    track = chosen[0][0].track
    ticks = time_ticks(track.epoch, float(track.times_s[0]), float(track.times_s[-1]))
    assert 2 <= len(ticks) <= 6
    for second, label in ticks:
        # The made-up epoch is 12:00 UTC.
        assert second % 60 == 0
        assert label == f"{12 + int(second // 3600):02d}:{int(second % 3600 // 60):02d}"


def test_a_ground_track_is_cut_where_it_leaves_the_map(night):
    start, stop = night.start, night.stop
    for west in (-20.0, 100.0, 170.0):
        view = view_of([(west, 0.0), (west + 20.0, 10.0)])
        for track in night.ground_tracks:
            parts = track_segments(view, track, start, stop)
            # Sun-synchronous satellites go around some 15 times a day.
            assert 12 <= len(parts) <= 40
            for part in parts:
                assert np.abs(np.diff(part[:, 0])).max() < 180.0


def test_a_ground_track_ends_at_the_instants_asked_for(night):
    track = GroundTrack(
        "x", night.start, (0.0, 100.0, 200.0), (0.0, 10.0, 20.0), (179.0, -179.0, -177.0)
    )
    view = view_of([(180.0, 0.0)])
    (part,) = track_segments(
        view, track, night.start + (night.stop - night.start) / 1728, night.stop
    )
    # 86 400 s / 1728 = 50 s: half way from 179 to 181 degrees East.
    # The view is around -180 degrees, where the track is one line.
    assert part[0] == pytest.approx([-180.0, 5.0])
    assert part[-1] == pytest.approx([-177.0, 20.0])


def test_a_network_across_the_antimeridian_is_shown_in_one_piece():
    view = view_of([(170.0, -10.0), (-170.0, 10.0)])
    assert view.east_deg - view.west_deg < 120.0
    inside = view.longitude(np.array([170.0, -170.0]))
    assert np.all((inside > view.west_deg) & (inside < view.east_deg))


def test_every_station_and_node_is_named_on_the_map(night):
    body = network_map(night).body
    network = night.network
    for item in (*network.stations, *network.fibre_nodes):
        assert f">{item.title}</text>" in body
    places = [float(x) / 10.0 for x in re.findall(r'<circle cx="(-?\d+)"', body)]
    assert len(places) == len(network.stations)
    assert all(0.0 < x < WIDTH_PT for x in places)


def test_land_is_cut_at_the_edges_of_the_map():
    view = view_of([(10.0, 45.0)])
    corners = np.array([[0.0, 90.0], [60.0, 90.0], [60.0, 0.0], [0.0, 0.0]])
    inside = clipped(corners, view)
    assert inside[:, 0].min() == pytest.approx(max(view.west_deg, 0.0))
    assert inside[:, 0].max() == pytest.approx(min(view.east_deg, 60.0))
    assert inside[:, 1].min() == pytest.approx(view.south_deg)
    assert inside[:, 1].max() == pytest.approx(view.north_deg)
    assert len(clipped(corners + 200.0, view)) == 0


def test_long_titles_give_way_to_the_names_of_the_network_file():
    titles = {"graz": "Graz", "matera": "Matera Laser Ranging Observatory"}
    assert map_labels(titles) == {"graz": "graz", "matera": "matera"}
    assert map_labels({"graz": "Graz", "matera": "Matera"}) == {"graz": "Graz", "matera": "Matera"}


def test_relays_and_fibres_are_lines_between_their_ends(night):
    figure = network_map(night)
    assert len(lines_of(figure, "fibre")) == len(night.network.fibre_links)
    # Graz - Heriot-Watt, Oberpfaffenhofen - Helmos, Oberpfaffenhofen - Skinakas, Skinakas - Helmos.
    assert len(relayed_pairs(night)) == 4
    assert len(lines_of(figure, "relay")) == 4


def test_labels_that_can_stand_apart_do_not_touch():
    anchors = {"a": (300.0, 100.0), "b": (315.0, 100.0)}
    spots = placed_labels(anchors, {"a": "Oberpfaffenhofen", "b": "München"}, 720.0)
    assert spots["a"] != spots["b"]
    # To the right of "a" stands "b", so the first label goes left.
    assert spots["a"].align == "right"
    assert spots["b"].align == "left"


def test_a_colour_outside_the_palette_is_refused():
    with pytest.raises(ValueError, match="colour '#123456' is not in the palette"):
        Canvas(100.0, 100.0).line(np.array([[0.0, 0.0], [1.0, 1.0]]), "#123456", 1.0)


def test_no_two_drawings_of_a_page_have_one_id(chosen):
    ids = []
    for night_pass, station in chosen:
        for figure in (
            sky_figure(night_pass, station),
            loss_figure(night_pass, night_pass.forecast),
            rate_figure(night_pass, night_pass.forecast),
        ):
            ids += re.findall(r'\bid="([^"]+)"', figure.inline("x"))
    # The time axis of each contact, which its second figure repeats.
    assert ids == [f"time-{night_pass.pass_id}" for night_pass, _ in chosen]


def test_a_long_label_keeps_its_beginning():
    assert short_label("Graz\n Lustbühel") == "Graz Lustbühel"
    assert short_label("x" * 200) == "x" * 27 + "…"
