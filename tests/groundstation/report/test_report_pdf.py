"""PDFs read back: their words, their pages, their figures as drawings, their fonts inside."""

import io
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.month_records import MonthOutcome
from groundstation.night.pass_outcome import pass_outcome
from groundstation.report.drawing.canvas import Canvas
from groundstation.report.pdf.document import (
    Bullets,
    Document,
    Facts,
    Heading,
    Paragraph,
    Table,
    figure,
)
from groundstation.report.pdf.month import month_document
from groundstation.report.pdf.night import night_document
from groundstation.report.pdf.single_pass import pass_document
from groundstation.report.pdf.typeset import PdfError, typeset
from groundstation.report.wording import bits

pypdf = pytest.importorskip("pypdf", reason="reads PDFs in the tests")
pytest.importorskip("typst", reason="the extra [pdf]")

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)
HOSTILE = '#let x = "a" \\ $ _b_ *c* @d <e> [f] // ` 東京 Θεσσαλονίκη ' + "long" * 60


def read(data):
    """Pages, and all words with the spaces that a typesetter may choose put in order."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    words = " ".join(page.extract_text() for page in reader.pages)
    return reader, " ".join(words.replace("\u200b", "").split())


def spaced(text):
    return " ".join(text.replace("\N{NARROW NO-BREAK SPACE}", " ").split())


def fonts_of(reader):
    """Descriptor of every font on every page."""
    found = []
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()
            leaves = inner.get("/DescendantFonts", [inner])
            found += [leaf.get_object().get("/FontDescriptor") for leaf in leaves]
    return found


def drawing(text="in a drawing"):
    canvas = Canvas(200.0, 60.0)
    canvas.circle((30.0, 30.0), 20.0, fill="taken")
    canvas.text((60.0, 30.0), text)
    return canvas


@pytest.fixture(scope="module")
def small():
    """A document with one block of every kind."""
    return Document(
        kind="Test report",
        title="A title",
        subtitle="a subtitle",
        degraded="2 things are missing.",
        notices=("first notice",),
        cards=[("Contacts", "17", "of 92 passes")],
        blocks=[
            Heading("A section"),
            Paragraph("A paragraph."),
            Facts([("Closest range", "547 km"), ("Sky", "clear " * 20)]),
            Bullets(["one thing", "another"]),
            Table((("Name", "left"), ("Key", "right")), [("row", "12 kbit")] * 120, (1, 0), (0,)),
            figure(drawing(), "What the drawing shows"),
        ],
        stamp="plan 0123456789ab",
    )


@pytest.fixture(scope="module")
def printed(small):
    return read(typeset(small))


def test_every_block_is_on_the_pages(printed):
    reader, words = printed
    for text in (
        "TEST REPORT", "A title", "a subtitle", "Degraded: 2 things are missing.", "first notice",
        "Contacts", "17", "of 92 passes", "A section", "A paragraph.", "Closest range", "547 km",
        "another", "12 kbit", "in a drawing", "What the drawing shows", "plan 0123456789ab",
    ):  # fmt: skip
        assert text in words
    assert words.count("12 kbit") == 120
    assert reader.metadata.title == "A title"


def test_a_long_table_runs_over_pages_under_its_head(printed):
    reader, _ = printed
    assert len(reader.pages) >= 3
    assert all("Name" in page.extract_text() for page in reader.pages[:3])
    assert f"1 of {len(reader.pages)}" in reader.pages[0].extract_text()


def test_figures_are_drawings_and_fonts_are_embedded(printed):
    reader, _ = printed
    assert all(not page.images for page in reader.pages)
    descriptors = fonts_of(reader)
    assert descriptors
    assert all(
        d is not None and {"/FontFile", "/FontFile2", "/FontFile3"} & set(d.get_object())
        for d in descriptors
    )


def test_the_file_is_tagged_and_its_figures_have_words(printed):
    reader, _ = printed
    objects = (reader.get_object(number) for number in range(1, len(reader.xref[0]) + 400))
    words = {item["/Alt"] for item in objects if isinstance(item, dict) and "/Alt" in item}
    assert words == {"What the drawing shows"}
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"].startswith("en")


def test_the_same_document_gives_the_same_bytes(small):
    few = replace(small, blocks=small.blocks[:2])
    assert typeset(few) == typeset(few)


def test_no_name_has_a_meaning_to_the_typesetter(small):
    hostile = replace(
        small,
        title=HOSTILE,
        notices=(HOSTILE,),
        cards=[(HOSTILE, HOSTILE, HOSTILE)],
        blocks=[
            Heading(HOSTILE),
            Facts([(HOSTILE, HOSTILE)]),
            Table((("Name", "left"),), [(HOSTILE,)], (1,)),
            figure(drawing(HOSTILE), HOSTILE),
        ],
    )
    _, words = read(typeset(hostile))
    assert words.count('#let x = "a" \\ $ _b_ *c* @d <e> [f] // `') >= 6


def test_the_night_in_print_has_the_numbers_of_its_page(night):
    few = replace(night, plan=replace(night.plan, contacts=night.plan.contacts[:1]))
    reader, words = read(typeset(night_document(few)))
    assert len(reader.pages) >= 4
    for text in ("Night plan", "Degraded:", *night.warnings, night.plan.plan_id, "Where the key"):
        assert spaced(text).lower() in words.lower()
    for contact in few.plan.contacts:
        assert spaced(bits(contact.key_bits)) in spaced(words)
    for delivery in night.plan.deliveries:
        assert spaced(bits(delivery.wanted_bits)) in spaced(words)
    # Sky, loss and rates of each contact, pools, waterfall, timeline and map are vector drawings.
    assert all(not page.images for page in reader.pages)
    assert words.count("Sifted rate, kHz") == 1


def test_a_night_without_contacts_can_be_printed(empty_night):
    _, words = read(typeset(night_document(empty_night)))
    assert "No contact is planned in this night." in words


def test_a_pass_in_print_has_its_budget_and_its_key():
    network = load_network(example_path("europe-2026"))
    outcome = pass_outcome(network, "speqtre-helmos-20260614T2043", None, now=NOW)
    reader, words = read(typeset(pass_document(outcome)))
    assert 2 <= len(reader.pages) <= 6
    forecast = outcome.night_pass.forecast
    assert forecast is not None
    for term in forecast.budget.terms:
        assert term.name.replace("_", " ") in words
    key = forecast.key.secret_key_bits
    assert spaced(bits(key)) in spaced(words)
    assert "From pulses to key" in words


def test_a_month_in_print_says_what_is_missing(night):
    month = MonthOutcome(
        night.network, "2026-06", 30, NOW, (), (), (), None, (), ("no ledger here",), "0.1.0"
    )
    _, words = read(typeset(month_document(month)))
    for text in ("June 2026", "no ledger here", "Demand per pair", "30 of 30 nights"):
        assert text in words


def test_without_typst_the_error_says_how_to_get_it(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(PdfError, match="needs Typst") as caught:
        typeset(small)
    assert caught.value.hint == "pip install 'qkd-groundstation[pdf]'"
