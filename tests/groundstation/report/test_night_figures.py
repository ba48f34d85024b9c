"""Figures of a night: the right seconds, the right place, no line across the map."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Annotation

from groundstation.night_records import GroundTrack
from groundstation.report.figures.labels import placed_labels
from groundstation.report.figures.link import loss_figure, rate_figure
from groundstation.report.figures.network_map import (
    map_labels,
    network_map,
    track_segments,
    view_of,
)
from groundstation.report.figures.palette import LIGHT
from groundstation.report.figures.sky import keyhole_seconds, moon_direction, sky_figure
from groundstation.report.figures.svg import blank_figure, inline_svg, short_label


@pytest.fixture(scope="module")
def chosen(night):
    """The contacts' passes with their stations."""
    stations = {s.name: s for s in night.network.stations}
    passes = {p.pass_id: p for p in night.passes}
    return [
        (passes[c.pass_id], stations[c.station])
        for c in sorted(night.plan.contacts, key=lambda c: c.start)
    ]


def lines_of(axes, colour):
    return [line for line in axes.lines if line.get_color() == LIGHT[colour]]


def test_the_bold_part_of_a_sky_plot_is_the_usable_part(chosen):
    for night_pass, station in chosen:
        bold, *_ = lines_of(sky_figure(night_pass, station).axes[0], "taken")
        drawn = np.isfinite(bold.get_xdata())
        assert np.array_equal(drawn, night_pass.track.is_usable)


def test_a_sky_plot_has_north_up_and_east_right(chosen):
    night_pass, station = chosen[0]
    track = replace(
        night_pass.track,
        azimuth_rad=np.full_like(night_pass.track.azimuth_rad, np.pi / 2),
        elevation_rad=np.full_like(night_pass.track.azimuth_rad, np.pi / 6),
    )
    line, *_ = lines_of(sky_figure(replace(night_pass, track=track), station).axes[0], "track")
    # East at 30 degrees: two thirds of the way from the zenith to the right rim.
    assert np.allclose(line.get_xdata(), 2.0 / 3.0)
    assert np.allclose(line.get_ydata(), 0.0)


def test_a_keyhole_is_drawn_where_the_mount_is_too_slow(chosen):
    slow = [pair for pair in chosen if pair[0].keyhole_s > 0]
    assert slow
    for night_pass, station in slow:
        assert np.count_nonzero(keyhole_seconds(night_pass.track)) == night_pass.keyhole_s
        assert lines_of(sky_figure(night_pass, station).axes[0], "keyhole")


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
        for axes in rate_figure(night_pass, night_pass.forecast).axes:
            missing = np.count_nonzero(~np.isfinite(axes.lines[0].get_ydata()))
            assert missing == night_pass.keyhole_s


def test_the_stack_of_losses_ends_at_the_total(chosen):
    for night_pass, _ in chosen:
        top = loss_figure(night_pass, night_pass.forecast).axes[0].lines[-1]
        usable = night_pass.track.is_usable
        total = dict(
            zip(night_pass.track.times_s, night_pass.forecast.budget.total_db, strict=True)
        )
        times_s, loss_db = np.asarray(top.get_xdata()), np.asarray(top.get_ydata())
        drawn = np.isfinite(loss_db)
        assert drawn.sum() > 50
        # Sums in another order differ in the last bits.
        expected = [total[t] for t in times_s[drawn]]
        assert np.allclose(loss_db[drawn], expected, rtol=1e-12)
        assert times_s[0] == night_pass.track.times_s[usable][0]


def test_ticks_are_full_minutes_of_utc(chosen):
    night_pass, _ = chosen[0]
    axes = loss_figure(night_pass, night_pass.forecast).axes[0]
    seconds = list(axes.get_xticks())
    labels = [text.get_text() for text in axes.get_xticklabels()]
    # The made-up epoch is 12:00 UTC.
    assert labels == [f"{12 + int(s // 3600):02d}:{int(s % 3600 // 60):02d}" for s in seconds]
    assert all(s % 60 == 0 for s in seconds)


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
    figure = network_map(night)
    named = {text.get_text() for text in figure.axes[0].texts}
    network = night.network
    assert {s.title for s in network.stations} <= named
    assert {n.title for n in network.fibre_nodes} <= named
    view = figure.axes[0].get_xlim()
    assert all(
        isinstance(text, Annotation) and view[0] < text.xy[0] < view[1]
        for text in figure.axes[0].texts
    )


def test_long_titles_give_way_to_the_names_of_the_network_file():
    titles = {"graz": "Graz", "matera": "Matera Laser Ranging Observatory"}
    assert map_labels(titles) == {"graz": "graz", "matera": "matera"}
    assert map_labels({"graz": "Graz", "matera": "Matera"}) == {"graz": "Graz", "matera": "Matera"}


def test_relays_and_fibres_are_lines_between_their_ends(night):
    axes = network_map(night).axes[0]
    fibre = [line for line in lines_of(axes, "fibre") if len(line.get_xdata()) == 2]
    assert len(fibre) == len(night.network.fibre_links)
    relayed = lines_of(axes, "relay")
    # Graz - Heriot-Watt, Oberpfaffenhofen - Helmos, Oberpfaffenhofen - Skinakas, Skinakas - Helmos.
    assert len(relayed) == 4


def test_labels_that_can_stand_apart_do_not_touch():
    anchors = {"a": (300.0, 100.0), "b": (315.0, 100.0)}
    spots = placed_labels(anchors, {"a": "Oberpfaffenhofen", "b": "München"}, 720.0)
    assert spots["a"] != spots["b"]
    # To the right of "a" stands "b", so the first label goes left.
    assert spots["a"].align == "right"
    assert spots["b"].align == "left"


def test_a_colour_outside_the_palette_is_refused():
    figure = blank_figure(100.0, 100.0)
    figure.add_axes((0, 0, 1, 1)).plot([0, 1], color="#123456")
    with pytest.raises(ValueError, match="colour #"):
        inline_svg(figure, prefix="x", label="a line")


def test_ids_of_two_figures_in_one_page_differ(chosen):
    night_pass, station = chosen[0]
    ids = [
        set(
            re.findall(
                r'id="([^"]+)"', inline_svg(sky_figure(night_pass, station), prefix=p, label="")
            )
        )
        for p in ("one", "two")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_long_label_keeps_its_beginning():
    assert short_label("Graz\n Lustbühel") == "Graz Lustbühel"
    assert short_label("x" * 200) == "x" * 27 + "…"
