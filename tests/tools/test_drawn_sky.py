"""The simulated sky is as clear as it says, and its forecasts come true as often as they say."""

import numpy as np
import pytest

NIGHTS = 1_000


@pytest.fixture(scope="module")
def sky(comparison, small):
    return comparison.drawn_sky.DrawnSky(small, 5)


@pytest.fixture(scope="module")
def truth(sky):
    return np.array([sky.is_clear(n) for n in range(NIGHTS + 2)])


def test_stations_are_clear_as_often_as_their_share_says(comparison, sky, truth):
    share = np.array([comparison.drawn_sky.CLEAR[name] for name in sky.stations])
    # Nights follow each other: a correlation of 0.25 of the latent numbers lengthens the error of
    # 1000 independent nights by less than 1.3; four of these errors.
    error = 4.0 * 1.3 * np.sqrt(share * (1.0 - share) / NIGHTS)
    assert (abs(truth.mean(axis=0) - share) < error).all()


def _exchangeable(worlds, truth):
    """Whether truth and world vary together as two worlds do: difference and its error.

    Counted from the mean share of each station, which keeps the error small.
    """
    share, count = truth.mean(axis=0), worlds.shape[1]
    with_truth = (worlds.mean(axis=1) - share) * (truth - share)
    apart = worlds - share[None, None, :]
    pairs = (apart.sum(axis=1) ** 2 - (apart**2).sum(axis=1)) / (count * (count - 1))
    difference = (with_truth - pairs).mean(axis=1)
    return difference.mean(), difference.std() / np.sqrt(len(difference))


@pytest.mark.parametrize("step", [0, 4])
def test_the_truth_is_one_more_world_of_tonights_forecast(sky, truth, step):
    worlds = np.array([sky.tonight(n, step) for n in range(NIGHTS)])
    difference, error = _exchangeable(worlds, truth[:NIGHTS])
    assert abs(difference) < 4.0 * error
    assert error < 0.003


@pytest.mark.parametrize("ahead", [1, 2])
def test_the_truth_is_one_more_world_of_a_later_night(sky, truth, ahead):
    worlds = np.array([sky.ahead(n, ahead)[ahead - 1] for n in range(NIGHTS)])
    difference, error = _exchangeable(worlds, truth[ahead : NIGHTS + ahead])
    assert abs(difference) < 4.0 * error
    assert error < 0.003


def test_a_forecast_knows_less_of_every_further_night_and_more_in_the_small_hours(sky, truth):
    """Of the latent variance 0.88 at 02:00, 0.5 in the evening, then a quarter of it each night."""
    known = []
    for step in (4, 0):
        worlds = np.array([sky.tonight(n, step) for n in range(NIGHTS)])
        known.append(_correlation(worlds.mean(axis=1), truth[:NIGHTS]))
    ahead = np.array([sky.ahead(n, 2) for n in range(NIGHTS)]).mean(axis=2)
    known += [_correlation(ahead[:, k], truth[k + 1 : NIGHTS + k + 1]) for k in range(2)]
    # Of cut normal numbers less than sqrt(variance known), and 40 worlds blur the chance: by little
    # where it varies much, to about a half where it hardly does. Errors are below 0.03.
    latent = np.sqrt([0.88, 0.5, 0.125, 0.03125])
    assert (known < latent).all()
    assert (known > 0.4 * latent).all()
    assert (np.diff(known) < -0.06).all()


def _correlation(chance, truth):
    return np.mean([np.corrcoef(chance[:, s], truth[:, s])[0, 1] for s in range(truth.shape[1])])


def test_a_longer_look_ahead_changes_no_nearer_night(sky):
    np.testing.assert_array_equal(sky.ahead(7, 1)[0], sky.ahead(7, 3)[0])


def test_neighbours_share_their_weather(sky, truth):
    """Helmos and Skinakas are 380 km apart: exp(-0.95) = 0.39 of the latent numbers."""
    i, j = sky.stations.index("helmos"), sky.stations.index("skinakas")
    # Cut at quantiles this far out (0.75 and 0.85) the flags correlate less than the numbers.
    assert 0.12 < np.corrcoef(truth[:, i], truth[:, j])[0, 1] < 0.39


def test_the_sky_is_the_same_for_the_same_seed_only(comparison, small, sky):
    again = comparison.drawn_sky.DrawnSky(small, 5)
    other = comparison.drawn_sky.DrawnSky(small, 6)
    nights = range(20)
    flags = [[s.is_clear(n).tolist() for n in nights] for s in (sky, again, other)]
    assert flags[0] == flags[1] != flags[2]
