"""METAR and TAF say less than they seem to; what they do not say stays unknown."""

from datetime import UTC, datetime

import numpy as np
import pytest

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.aviation import read_metar, read_taf
from groundstation.weather.records import Quantity

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
KNOT = 1_852.0 / 3_600.0


def metar(text, now=NOW):
    return read_metar(text.encode(), "libv.txt", "matera", retrieved_at=now)


def taf(text, now=NOW):
    return read_taf(text.encode(), "libv.taf", "matera", retrieved_at=now)


def value(weather, quantity):
    series = weather.series.get(quantity)
    return None if series is None else float(series[0, 0])


def cover(groups):
    return value(metar(f"METAR LIBV 141155Z 24010KT {groups} 18/09 Q1013"), Quantity.CLOUD_TOTAL)


def refused(reader, text):
    with pytest.raises(WeatherError) as caught:
        reader(text)
    return f"{caught.value.where} {caught.value}"


def test_a_report_gives_time_wind_cover_and_layers():
    report = metar("METAR LIBV 141155Z 24010G22KT 210V270 9999 FEW025 BKN120 18/09 Q1013 NOSIG=")
    assert report.epoch == datetime(2026, 6, 14, 11, 55, tzinfo=UTC)
    assert report.provenance.source == "metar LIBV"
    assert value(report, Quantity.WIND_SPEED) == pytest.approx(10 * KNOT)
    assert value(report, Quantity.WIND_GUST) == pytest.approx(22 * KNOT)
    assert value(report, Quantity.CLOUD_TOTAL) == pytest.approx(7 / 8)
    assert value(report, Quantity.CLOUD_LOW) == pytest.approx(2 / 8)
    assert value(report, Quantity.CLOUD_MID) == pytest.approx(7 / 8)
    assert value(report, Quantity.CLOUD_HIGH) is None
    assert value(report, Quantity.RAIN_RATE) == 0.0


@pytest.mark.parametrize(
    ("group", "oktas"), [("FEW250", 2), ("SCT250", 4), ("BKN250", 7), ("OVC250", 8)]
)
def test_a_layer_counts_at_the_upper_end_of_its_class(group, oktas):
    assert cover(f"9999 {group}") == pytest.approx(oktas / 8)


def test_a_base_is_in_hundreds_of_feet():
    # 9800 ft are 2987 m, 9900 ft are 3018 m: the bound between low and mid is 3 km.
    low = metar("LIBV 141155Z 00000KT 9999 SCT098")
    mid = metar("LIBV 141155Z 00000KT 9999 SCT099")
    assert value(low, Quantity.CLOUD_LOW) == 0.5
    assert value(mid, Quantity.CLOUD_LOW) is None
    assert value(mid, Quantity.CLOUD_MID) == 0.5


@pytest.mark.parametrize("group", ["CAVOK", "9999 NSC", "9999 NCD", "10SM CLR", "9999 //////"])
def test_nothing_significant_is_not_a_clear_sky(group):
    assert np.isnan(cover(group))


def test_only_an_observer_who_sees_a_clear_sky_reports_one():
    assert cover("9999 SKC") == 0.0


def test_a_report_without_any_word_on_cloud_leaves_it_unknown():
    assert cover("9999") is None


def test_an_automatic_station_does_not_see_what_is_high():
    report = "METAR LIBV 141155Z AUTO 24010KT 9999 {} 18/09 Q1013"
    few = metar(report.format("FEW025"))
    assert np.isnan(value(few, Quantity.CLOUD_TOTAL))
    assert value(few, Quantity.CLOUD_LOW) == pytest.approx(2 / 8)
    assert value(metar(report.format("OVC025")), Quantity.CLOUD_TOTAL) == 1.0


def test_a_hidden_sky_is_overcast():
    assert cover("0200 FG VV001") == 1.0
    assert cover("0200 FG VV///") == 1.0


def test_an_unmeasured_layer_makes_the_total_unknown_unless_it_is_overcast():
    assert np.isnan(cover("9999 FEW020 ///040"))
    assert cover("9999 ///020 OVC040") == 1.0
    assert cover("9999 BKN///") == pytest.approx(7 / 8)


@pytest.mark.parametrize(
    ("group", "rate_mm_h"),
    [
        ("-RA", 2.5),
        ("RA", 10.0),
        ("+SHRA", 50.0),
        ("-FZDZ", 2.5),
        ("TSRA", 10.0),
        ("TS", 2.5),
        ("VCSH", 0.0),
        ("BR", 0.0),
        ("BCFG", 0.0),
    ],
)
def test_what_falls_has_the_upper_rate_of_its_class(group, rate_mm_h):
    report = metar(f"LIBV 141155Z 24010KT 9999 {group} OVC020 18/09 Q1013")
    assert value(report, Quantity.RAIN_RATE) * 3.6e6 == pytest.approx(rate_mm_h)


def test_weather_that_an_automatic_station_cannot_see_is_unknown():
    report = metar("LIBV 141155Z AUTO 24010KT 9999 // FEW020 18/09 Q1013")
    assert value(report, Quantity.RAIN_RATE) is None


def test_other_units_of_wind_and_a_wind_that_is_missing_are_read():
    assert value(metar("ULLI 141155Z 24010MPS 9999 SKC"), Quantity.WIND_SPEED) == 10.0
    assert np.isnan(value(metar("ULLI 141155Z /////KT 9999 SKC"), Quantity.WIND_SPEED))


def test_an_american_report_is_read_up_to_its_remarks():
    report = metar(
        "KIAD 141152Z 02005KT 1 1/2SM R01R/P6000FT -RA BR BKN009 OVC250 18/M01 A2992 RMK AO2 XYZ"
    )
    assert value(report, Quantity.CLOUD_TOTAL) == 1.0
    assert value(report, Quantity.CLOUD_HIGH) is None
    assert value(report, Quantity.CLOUD_MID) == 1.0


@pytest.mark.parametrize(
    ("text", "cover"),
    # The dialects of the world: runways, colours, metres per second, layers without type.
    [
        ("ENGM 141150Z 01004KT 9999 FEW010 BKN018 M02/M03 Q1001 RESN NOSIG RMK WIND 1800FT", 7 / 8),
        ("UUEE 141130Z 27005MPS 6000 -SN OVC012 M03/M05 Q1008 R24L/490250 NOSIG", 1.0),
        ("RJTT 141130Z 34010KT 9999 FEW030 SCT/// 15/05 Q1015 NOSIG RMK 1CU030 A2998", 4 / 8),
        ("LFPG 141130Z AUTO 25010KT 9999 BKN013 OVC019 ////// 10/08 Q1010 NOSIG", 1.0),
        ("NZAA 141130Z AUTO 23010KT 9999 BKN019/// OVC026/// 15/12 Q1012 NOSIG", 1.0),
        ("CYYZ 141100Z CCA 25008KT 15SM FEW040 BKN240 03/M01 A2992 RMK CU1CI6 SLP140", 7 / 8),
        ("ETNT 141120Z 24009KT 9999 SCT250 10/06 Q1016 BLU+ BLU NOSIG", 4 / 8),
        (
            "EGPD 141120Z 18004KT 0800 0500NE R16/0650V1100U MIFG VCSH FEW001 SCT250 09/09 Q1016",
            4 / 8,
        ),
    ],
)
def test_reports_of_many_countries_are_read(text, cover):
    assert value(metar(text), Quantity.CLOUD_TOTAL) == pytest.approx(cover)


def test_a_group_that_is_not_known_is_refused():
    for wrong in ("XYZ040", "BKN0", "BKN", "SKCC", "9999x", "OVC0200", "-", "VC"):
        text = f"METAR LIBV 141155Z 24010KT 9999 {wrong} 18/09 Q1013"
        assert f"libv.txt: {wrong} is not a group" in refused(metar, text)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("METAR LIBV 141155Z NIL=", "NIL the report is empty"),
        ("METAR LIBV", "is not a time like 141155Z"),
        ("METAR LIBV 141165Z 24010KT SKC", "141165Z is not a time"),
        ("METAR LIBV 321155Z 24010KT SKC", "321155Z is not a time"),
        ("METAR LIBV 141155Z", "the report is empty"),
        ("<html>busy</html>", "is not the four letters"),
        ("METAR LIBV 141155Z SKC= METAR LIBV 141225Z OVC020=", "follows the end"),
        ("METAR", "is not the four letters"),
        ("=", "the document is empty"),
    ],
)
def test_a_report_that_is_none_is_refused(text, match):
    assert match in refused(metar, text)


def test_the_month_is_the_one_that_is_nearest():
    new_year = datetime(2027, 1, 1, 0, 5, tzinfo=UTC)
    report = metar("LIBV 312355Z 24010KT SKC", new_year)
    assert report.epoch == datetime(2026, 12, 31, 23, 55, tzinfo=UTC)
    eve = datetime(2026, 2, 28, 23, 50, tzinfo=UTC)
    report = metar("LIBV 010020Z 24010KT SKC", eve)
    assert report.epoch == datetime(2026, 3, 1, 0, 20, tzinfo=UTC)


def test_a_report_holds_for_an_hour_and_a_half():
    report = metar("LIBV 141155Z 24010KT 9999 SCT250")
    instants = np.array([0.0, 5_400.0, 5_401.0])
    found = report.at(Quantity.CLOUD_TOTAL, report.epoch, instants)[0]
    assert found[:2].tolist() == [0.5, 0.5]
    assert np.isnan(found[2])


TAF = (
    "TAF LIBV 141100Z 1412/1512 24010KT 9999 SCT250 "
    "BECMG 1418/1420 BKN250 "
    "TEMPO 1421/1423 4000 -RA OVC010 "
    "PROB30 TEMPO 1502/1504 OVC004 "
    "FM150600 27005KT CAVOK="
)


def taf_cover(forecast, day, hour, quantity=Quantity.CLOUD_TOTAL):
    instant = datetime(2026, 6, day, hour, tzinfo=UTC)
    return float(forecast.at(quantity, instant, np.array([60.0]))[0, 0])


def test_a_forecast_is_the_worst_of_what_it_allows():
    forecast = taf(TAF)
    assert forecast.provenance.issued_at == datetime(2026, 6, 14, 11, tzinfo=UTC)
    hours = {(14, 12): 0.5, (14, 19): 7 / 8, (14, 20): 7 / 8, (14, 21): 1.0, (14, 23): 7 / 8}
    hours |= {(15, 1): 7 / 8, (15, 2): 1.0, (15, 3): 1.0, (15, 4): 7 / 8}
    assert {at: taf_cover(forecast, *at) for at in hours} == pytest.approx(hours)


def test_a_change_that_is_under_way_counts_where_it_is_worse_only():
    forecast = taf("LIBV 141100Z 1412/1512 24010KT 9999 BKN250 BECMG 1418/1420 FEW250")
    assert taf_cover(forecast, 14, 19) == pytest.approx(7 / 8)
    assert taf_cover(forecast, 14, 20) == pytest.approx(2 / 8)


def test_a_new_part_replaces_all_and_may_leave_cover_unknown():
    forecast = taf(TAF)
    assert np.isnan(taf_cover(forecast, 15, 6))
    assert taf_cover(forecast, 15, 6, Quantity.WIND_SPEED) == pytest.approx(5 * KNOT)
    assert taf_cover(forecast, 15, 5, Quantity.WIND_SPEED) == pytest.approx(10 * KNOT)


def test_rain_is_expected_only_where_it_is_said():
    forecast = taf(TAF)
    assert taf_cover(forecast, 14, 20, Quantity.RAIN_RATE) == 0.0
    assert taf_cover(forecast, 14, 22, Quantity.RAIN_RATE) * 3.6e6 == pytest.approx(2.5)
    assert taf_cover(forecast, 15, 7, Quantity.RAIN_RATE) == 0.0


def test_nothing_is_known_after_the_end_of_a_forecast():
    forecast = taf("LIBV 141100Z 1412/1424 24010KT 9999 SCT250")
    assert taf_cover(forecast, 14, 23) == 0.5
    assert np.isnan(taf_cover(forecast, 15, 0))
    assert np.isnan(taf_cover(forecast, 14, 11))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("TAF LIBV 141100Z NIL=", "NIL the forecast is empty or cancelled"),
        ("TAF AMD LIBV 141100Z 1412/1512 CNL=", "cancelled"),
        ("TAF LIBV 141100Z 24010KT SKC", "24010KT is not a span"),
        ("TAF LIBV 141100Z 1512/1412 24010KT SKC", "1512/1412 is not a span of time"),
        ("TAF LIBV 141100Z 1412/1512 24010KT SKC TEMPO OVC010", "OVC010 is not a span"),
        ("TAF LIBV 141100Z 1412/1512 24010KT SKC TEMPO", "TEMPO says nothing"),
        ("TAF LIBV 141100Z 1412/1512 24010KT SKC FM161200 OVC010", "is outside the forecast"),
        ("TAF LIBV 141100Z 1412/1512 24010KT SCT0 BECMG 1418/1420 QQQ030", "SCT0 is not a group"),
        ("TAF LIBV 141100Z 1412/1512 24010KT SKC BECMG 1418/1420 QQQ030", "QQQ030 is not a group"),
    ],
)
def test_a_forecast_that_is_not_understood_is_refused_whole(text, match):
    assert match in refused(taf, text)


def test_another_program_reads_the_same_layers_and_wind():
    reader = pytest.importorskip("metar.Metar")
    for text in (
        "METAR LIBV 141155Z 24010G22KT 9999 FEW025 BKN120CB 18/09 Q1013",
        "METAR EHAM 141155Z VRB02MPS 9999 SCT015 OVC300 M01/M03 Q0998",
        "METAR KIAD 141152Z 02005KT 10SM SCT250 18/09 A2992",
    ):
        theirs = reader.Metar(text, month=6, year=2026)
        ours = metar(text)
        assert ours.epoch == theirs.time.replace(tzinfo=UTC)
        speed = theirs.wind_speed.value("MPS")
        # Theirs turns knots into metres per second with four digits.
        assert value(ours, Quantity.WIND_SPEED) == pytest.approx(speed, rel=1e-3)
        oktas = {"FEW": 2, "SCT": 4, "BKN": 7, "OVC": 8}
        layers = [(oktas[kind] / 8, height.value("M")) for kind, height, _ in theirs.sky]
        assert value(ours, Quantity.CLOUD_TOTAL) == max(cover for cover, _ in layers)
        low = [cover for cover, base_m in layers if base_m < 3_000]
        assert value(ours, Quantity.CLOUD_LOW) == max(low, default=None)
