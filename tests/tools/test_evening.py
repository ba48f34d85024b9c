"""What an evening is told of its passes."""

import numpy as np


def test_every_pass_has_the_sky_of_its_station_and_night(evening):
    sky = evening.sky
    forecast = evening.forecast(0, 2)
    worlds = [sky.tonight(0, 0), sky.ahead(0, 1)[0]]
    assert len(forecast.pass_ids) == sum(len(night.candidates) for night in evening.nights)
    for n, night in enumerate(evening.nights):
        for item in night.candidates:
            column = forecast.clear[:, forecast.pass_ids.index(item.pass_id)]
            np.testing.assert_array_equal(column, worlds[n][:, sky.stations.index(item.station)])


def test_perfect_knowledge_is_what_comes(evening):
    truth = evening.truth(2)
    for n in range(2):
        for name, clear in evening.is_clear(n).items():
            assert truth.chance()[name] == float(clear)
    assert set(truth.chance().values()) == {0.0, 1.0}


def test_only_what_has_begun_is_known(comparison, evening):
    forecast = evening.forecast(0, 1)
    first = evening.tonight.candidates[0].pass_id
    others = [name for name in forecast.pass_ids if name != first]
    for clear in (True, False):
        known = comparison.evening.with_truth(forecast, {first: clear})
        assert known.chance()[first] == float(clear)
        assert all(known.chance()[name] == forecast.chance()[name] for name in others)


def test_passes_come_from_their_file_as_they_were(comparison, small, nights, evening):
    again = comparison.nights.Nights(small, nights._folder).night(0)
    assert again.candidates == evening.tonight.candidates
    item = max(again.candidates, key=lambda c: c.key_bits)
    assert again.key_of(item.pass_id, item.windows) == item.key_bits
    assert len(list(nights._folder.iterdir())) == 2
