"""The sources of element sets in a network file: records, rules, faults with their lines."""

import tomllib
from pathlib import Path

import jsonschema
import pytest

from groundstation.config import example_path, load_network
from groundstation.config.examples import EXAMPLES
from groundstation.config.listing import rows_of
from groundstation.config.load import read_network_file
from groundstation.config.schema import network_schema
from groundstation.errors import ConfigError
from tle.provider.providers import ElementSource, SourceKind

EUROPE = example_path("europe-2026").read_text(encoding="utf-8")


def write(tmp_path: Path, tables: str) -> Path:
    path = tmp_path / "groundstation.toml"
    path.write_text(EUROPE + "\n" + tables, encoding="utf-8")
    return path


def faults_of(tmp_path: Path, tables: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        load_network(write(tmp_path, tables))
    return [(fault.path, fault.message) for fault in caught.value.faults]


def test_a_bare_provider_takes_its_own_address_and_every_catalogue_number(tmp_path: Path) -> None:
    network = load_network(write(tmp_path, '[[sources]]\nkind = "celestrak"\n'))
    # spoqc, speqtre and qube-2 fly; the fourth satellite is only planned.
    assert network.sources == (
        ElementSource(
            "celestrak", SourceKind.CELESTRAK, "https://celestrak.org", None, (66769, 68423, 69023)
        ),
    )


def test_addresses_paths_and_satellites_arrive_in_the_record(tmp_path: Path) -> None:
    network = load_network(
        write(
            tmp_path,
            """
[[sources]]
kind = "space-track"
name = "st"
url = "http://127.0.0.1:8080"
credentials_file = "secret/st.toml"
satellites = ["qube-2", "spoqc"]

[[sources]]
kind = "mirror"
url = "https://mirror.example.org/gp.json?token=1"

[[sources]]
kind = "folder"
folder = "incoming"
""",
        )
    )
    space_track, mirror, folder = network.sources
    assert space_track.name == "st"
    assert space_track.address == "http://127.0.0.1:8080"
    assert space_track.credentials_file == str(tmp_path / "secret" / "st.toml")
    assert space_track.norad_cat_ids == (68423, 69023)
    assert (mirror.name, mirror.address) == ("mirror", "https://mirror.example.org/gp.json?token=1")
    assert folder.address == str(tmp_path / "incoming")


def test_every_fault_of_a_source_is_told_at_once(tmp_path: Path) -> None:
    tables = """
[[sources]]
kind = "celestrack"
[[sources]]
kind = "mirror"
[[sources]]
kind = "folder"
url = "https://example.org"
[[sources]]
kind = "celestrak"
url = "http://me:s3cret@celestrak.org"
credentials_file = "x"
folder = "y"
satellites = ["spoq", "eagle-1-class"]
[[sources]]
kind = "mirror"
url = "http://example.org"
"""
    faults = faults_of(tmp_path, tables)
    assert set(faults) == {
        (
            "sources[0].kind",
            (
                "'celestrack' is not one of celestrak, celestrak-sup, space-track, mirror, "
                "folder (did you mean 'celestrak'?)"
            ),
        ),
        ("sources[1].url", "is missing for a source of kind mirror"),
        ("sources[2].folder", "is missing for a source of kind folder"),
        ("sources[2].url", "has no meaning for a source of kind folder"),
        ("sources[3].url", "the address holds a user name or a password"),
        ("sources[3].credentials_file", "has no meaning for a source of kind celestrak"),
        ("sources[3].folder", "has no meaning for a source of kind celestrak"),
        ("sources[3].satellites[0]", "no satellite 'spoq' (did you mean 'spoqc'?)"),
        (
            "sources[3].satellites[1]",
            "'eagle-1-class' has no catalogue number; nobody publishes its element sets",
        ),
        ("sources[4].kind", "'mirror' is already the name of sources[1]"),
        ("sources[4].url", "the address is not https"),
    }
    assert "s3cret" not in str(faults)


def test_the_listing_and_the_schema_know_the_sources(tmp_path: Path) -> None:
    path = write(tmp_path, '[[sources]]\nkind = "folder"\nfolder = "in"\n')
    rows = {row["path"]: row for row in rows_of(read_network_file(path), load_network(path))}
    assert rows["sources[0].folder"]["value"] == "in"
    assert rows["sources[0].folder"]["origin"] == "file"
    assert rows["sources[0].url"]["origin"] == "not given"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sources": [{"kind": "folder", "port": 1}]}, network_schema())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_block_that_an_example_comments_out_is_a_valid_source(
    tmp_path: Path, name: str
) -> None:
    text = example_path(name).read_text(encoding="utf-8")
    lines = text.splitlines()
    start = lines.index("# [[sources]]")
    block = []
    for line in lines[start:]:
        if not line.startswith("# "):
            break
        block.append(line.removeprefix("# "))
    assert tomllib.loads("\n".join(block))["sources"][0]["kind"] == "celestrak"
    assert load_network(example_path(name)).sources == ()
    path = tmp_path / "groundstation.toml"
    path.write_text(text + "\n" + "\n".join(block), encoding="utf-8")
    (source,) = load_network(path).sources
    assert source.norad_cat_ids
