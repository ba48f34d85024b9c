"""A plan of two nights of the shipped network: document, report and month tell them apart."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from groundstation.catalogue import read_element_files, select_elements
from groundstation.cli.plan_text import print_plan
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.export.own_night import own_night
from groundstation.export.plan_document import plan_document, plan_from_document
from groundstation.night.nightly import middle_of
from groundstation.night.outcome import compute_night
from groundstation.report.night_rows import pair_row

NIGHT = "2026-06-14"


@pytest.fixture(scope="module")
def nights():
    """Three stations of europe-2026 and one satellite over two nights."""
    network = load_network(example_path("europe-2026"))
    network = dataclasses.replace(
        network, policies=dataclasses.replace(network.policies, horizon_nights=2),
        satellites=network.satellites[:1],
    )  # fmt: skip
    selection = select_elements(network, read_element_files(network), middle_of(network, NIGHT))
    return compute_night(network, selection, NIGHT, now=datetime(2026, 6, 14, 12, tzinfo=UTC))


def test_a_document_keeps_the_nights(nights):
    document = json.loads(json.dumps(plan_document(nights)))
    assert document["nights"] == 2
    read = plan_from_document(document)
    assert (read.relays, read.later, read.nights) == (
        nights.plan.relays, nights.plan.later, nights.plan.nights,
    )  # fmt: skip
    assert read.deliveries == nights.plan.deliveries
    assert {relay["night"] for relay in document["later_relays"]} == {1}


def test_the_first_night_alone_is_what_an_evening_carries_out(nights):
    document = plan_document(nights)
    tonight = own_night(document)
    assert 0 < len(tonight["contacts"]) < len(document["contacts"])
    for told, own in zip(document["deliveries"], tonight["deliveries"], strict=True):
        assert own["delivered_bits"] == told["by_night"][0][1] <= told["delivered_bits"]
        assert own["wanted_bits"] == told["by_night"][0][0] < told["wanted_bits"]


def test_tables_show_every_night(nights, capsys):
    print_plan(plan_document(nights), with_rejections=False)
    told = capsys.readouterr().out
    assert "2 nights from 2026-06-14" in told
    assert "14 Jun" in told
    assert "15 Jun" in told


def test_a_pair_lists_each_of_its_ways_once(nights):
    for delivery in nights.plan.deliveries:
        row = pair_row(delivery, nights, {})
        assert len({words for words, _ in row.paths}) == len(row.paths)
        assert sum(bits for _, bits in row.paths) == delivery.delivered_bits
