"""A torn, wrong or repeated delivery is quarantined with its reason."""

import json
import os
import zipfile
from dataclasses import replace
from importlib import resources

import jsonschema
import numpy as np
import pytest

from groundstation.keys.imports.container import Contents, Limits
from groundstation.keys.imports.errors import KeyImportError
from groundstation.keys.imports.manifest_model import manifest_schema
from groundstation.keys.imports.reading import read_import
from groundstation.keys.imports.records import ImportedKey, Refusal, RefusalKind
from groundstation.keys.imports.transport import TransportKey, seal
from groundstation.keys.imports.writing import sealed_contents, write_archive, write_directory


def opened(path, key):
    found = read_import(path, key)
    assert isinstance(found, ImportedKey), found
    return found


def refused(result, kind, reason):
    assert isinstance(result, Refusal), result
    assert (result.kind, reason in result.reason) == (kind, True), result
    return True


@pytest.mark.parametrize("form", ["directory", "archive"])
def test_a_file_comes_back_as_it_was_written(form, either, sealed, matera, tmp_path):
    path = tmp_path / "segment"
    (write_directory if form == "directory" else write_archive)(
        path, sealed(either, matera, "graz")
    )
    found = opened(path, matera)
    assert found.key == either.key
    assert found.segment == replace(either.segment, station="matera", peer_station="graz")
    if either.reconciliation is None:
        assert found.reconciliation is None
        return
    block, original = found.reconciliation, either.reconciliation
    assert (block.points, block.tags) == (original.points, original.tags)
    assert (block.leak_ec_bits, block.pulses) == (original.leak_ec_bits, original.pulses)
    for name in ("key", "test", "test_errors"):
        assert getattr(block.counts, name).tolist() == getattr(original.counts, name).tolist()
    assert block.counts.key_errors == original.counts.key_errors
    assert block.source.intensities == original.source.intensities


def test_two_stations_read_the_same_key_and_the_same_digest_from_different_files(
    final, sealed, write, matera, graz
):
    files = [sealed(final, matera, "graz"), sealed(final, graz, "matera")]
    assert files[0].ciphertext != files[1].ciphertext
    one, other = (
        opened(write(file.manifest, file.ciphertext), key)
        for file, key in zip(files, (matera, graz), strict=True)
    )
    assert one.key == other.key
    assert one.comparison_digest == other.comparison_digest
    assert one.manifest_sha256 != other.manifest_sha256


def test_the_digest_depends_on_every_bit_and_on_the_secret(final, sealed, write, matera):
    def digest(simulated, key):
        file = sealed(simulated, key)
        return opened(write(file.manifest, file.ciphertext), key).comparison_digest

    changed = replace(final, key=bytes([final.key[0] ^ 0x80]) + final.key[1:])
    elsewhere = replace(matera, comparison_secret=bytes(range(32)))
    digests = {digest(final, matera), digest(changed, matera), digest(final, elsewhere)}
    assert len(digests) == 3


def test_the_key_shows_in_no_record_and_not_in_the_files(either, sealed, write, matera):
    file = sealed(either, matera)
    found = read_import(write(file.manifest, file.ciphertext), matera)
    for secret in (either.key[:8], matera.secret, matera.comparison_secret):
        for text in (repr(found), repr(either), repr(matera)):
            assert repr(secret)[2:-1] not in text
            assert secret.hex() not in text
        assert secret not in file.manifest + file.ciphertext
        assert secret.hex().encode() not in file.manifest


# --- swapped, changed, torn -----------------------------------------------------------------------


def test_a_file_for_another_station_is_foreign(final, sealed, write, matera, graz):
    file = sealed(final, graz)
    path = write(file.manifest, file.ciphertext)
    assert refused(
        read_import(path, matera), RefusalKind.FOREIGN, "transport key 'graz-2026-06', not 'matera-"
    )
    same_name = replace(matera, key_id="graz-2026-06")
    assert refused(read_import(path, same_name), RefusalKind.FOREIGN, "is for station 'graz', not")


def test_a_file_under_another_secret_is_forged(final, sealed, write, matera, other_secret):
    file = sealed(final, matera)
    result = read_import(write(file.manifest, file.ciphertext), other_secret)
    assert refused(result, RefusalKind.FORGED, "the producer's MAC does not fit manifest.json")


def test_the_key_of_another_file_is_forged(final, sealed, write, matera):
    manifest = sealed(final, matera).manifest
    again = replace(final, segment=replace(final.segment, pass_id="another"))
    other = sealed(again, matera).ciphertext
    result = read_import(write(manifest, other), matera)
    assert refused(
        result, RefusalKind.FORGED, "key.bin is not the one that manifest.json describes"
    )


def test_a_manifest_signed_for_a_key_that_it_does_not_seal_does_not_open(
    final, sealed, write, matera, signed_again
):
    # The producer's MAC is right; only the associated data of GCM still knows the old manifest.
    def longer(document):
        document["end"] = "2026-06-14T22:00:00.000Z"

    file = signed_again(sealed(final, matera), matera, longer)
    result = read_import(write(file.manifest, file.ciphertext), matera)
    assert refused(result, RefusalKind.FORGED, "key.bin does not open with this manifest")


def test_every_changed_byte_of_the_manifest_is_refused(final, sealed, write, matera):
    # A fifth of all bytes; each one flipped in one bit.
    file = sealed(final, matera)
    rng = np.random.default_rng(1)
    for place in rng.choice(len(file.manifest), len(file.manifest) // 5, replace=False):
        changed = bytearray(file.manifest)
        changed[place] ^= 1 << int(rng.integers(8))
        result = read_import(write(bytes(changed), file.ciphertext), matera)
        # 1e-9 may become 1E-9, which is the same document.
        if isinstance(result, ImportedKey):
            assert json.loads(changed) == json.loads(file.manifest), place


def test_every_torn_archive_is_refused_and_no_error(final, sealed, tmp_path, matera):
    path = tmp_path / "segment.zip"
    small = replace(final, segment=replace(final.segment, n_bits=64), key=final.key[:8])
    write_archive(path, sealed(small, matera))
    whole = path.read_bytes()
    intact = read_import(path, matera)
    assert isinstance(intact, ImportedKey)
    rng = np.random.default_rng(2)
    for length in rng.choice(len(whole), 40, replace=False):
        path.write_bytes(whole[:length])
        assert isinstance(read_import(path, matera), Refusal), length
    harmless = 0
    for place in range(0, len(whole), 5):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        result = read_import(path, matera)
        # Dates and attributes of the archive say nothing; then the key is the right one.
        if isinstance(result, ImportedKey):
            assert (result.key, result.manifest_sha256) == (small.key, intact.manifest_sha256)
            harmless += 1
    # Of some 1,400 bytes all but about a hundred carry meaning.
    assert harmless < len(range(0, len(whole), 5)) / 8


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_torn_key_in_a_directory_is_refused(cut, final, sealed, write, matera):
    file = sealed(final, matera)
    result = read_import(write(file.manifest, file.ciphertext[:cut]), matera)
    assert refused(result, RefusalKind.TORN, f"key.bin has {len(file.ciphertext[:cut])} bytes, not")


def test_a_directory_without_a_file_or_with_one_too_many_is_torn(final, sealed, write, matera):
    file = sealed(final, matera)
    for name in ("manifest.json", "key.bin"):
        path = write(file.manifest, file.ciphertext)
        (path / name).unlink()
        assert refused(read_import(path, matera), RefusalKind.TORN, f"{name} is missing")
    path = write(file.manifest, file.ciphertext)
    (path / "notes.txt").write_text("")
    assert refused(read_import(path, matera), RefusalKind.TORN, "holds 'notes.txt', which is no")


def test_links_and_pipes_are_not_followed(final, sealed, write, matera, tmp_path):
    file = sealed(final, matera)
    path = write(file.manifest, file.ciphertext)
    (path / "key.bin").rename(tmp_path / "elsewhere")
    (path / "key.bin").symlink_to(tmp_path / "elsewhere")
    assert refused(read_import(path, matera), RefusalKind.TORN, "key.bin is not a regular file")
    (path / "key.bin").unlink()
    os.mkfifo(path / "key.bin")
    assert refused(read_import(path, matera), RefusalKind.TORN, "key.bin is not a regular file")
    os.mkfifo(tmp_path / "pipe")
    link = tmp_path / "link"
    link.symlink_to(path)
    for odd in (tmp_path / "pipe", link):
        result = read_import(odd, matera)
        assert refused(result, RefusalKind.TORN, "neither a directory nor a regular file")


def test_a_path_that_is_not_there_is_an_error_and_no_refusal(tmp_path, matera):
    with pytest.raises(KeyImportError, match="cannot read key file nothing: no such file"):
        read_import(tmp_path / "nothing", matera)


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../key.bin", "/key.bin", "a/key.bin", "key.bin\\..", "KEY.BIN"])
def test_names_inside_an_archive_lead_nowhere(name, final, sealed, matera, tmp_path):
    file = sealed(final, matera)
    members = [("manifest.json", file.manifest), (name, file.ciphertext)]
    path = archive(tmp_path / "segment.zip", members)
    assert refused(read_import(path, matera), RefusalKind.TORN, "key.bin is missing")
    path = archive(tmp_path / "more.zip", [*members, ("key.bin", file.ciphertext)])
    assert refused(read_import(path, matera), RefusalKind.TORN, "which is no part of a key file")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["more.zip", "segment.zip"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_in_an_archive_is_torn(final, sealed, matera, tmp_path):
    file = sealed(final, matera)
    members = [("manifest.json", file.manifest), ("key.bin", b""), ("key.bin", file.ciphertext)]
    path = archive(tmp_path / "segment.zip", members)
    assert refused(read_import(path, matera), RefusalKind.TORN, "it holds key.bin 2 times")


def test_a_bomb_is_not_unpacked(final, sealed, matera, tmp_path):
    file = sealed(final, matera)
    members = [("manifest.json", b" " * 70_000 + file.manifest), ("key.bin", file.ciphertext)]
    path = archive(tmp_path / "bomb.zip", members, zipfile.ZIP_DEFLATED)
    assert refused(read_import(path, matera), RefusalKind.TORN, "longer than 65536 bytes")
    # The same with a header that lies about the length.
    honest = f"{70_000 + len(file.manifest):08x}"
    lying = path.read_bytes().replace(bytes.fromhex(honest)[::-1], (100).to_bytes(4, "little"))
    path.write_bytes(lying)
    assert refused(read_import(path, matera), RefusalKind.TORN, "")


def test_files_beyond_the_limits_are_not_read(final, sealed, write, matera, tmp_path):
    file = sealed(final, matera)
    limits = Limits(key_bytes=len(file.ciphertext) - 1)
    path = write(file.manifest, file.ciphertext)
    result = read_import(path, matera, limits=limits)
    assert refused(result, RefusalKind.TORN, f"key.bin is longer than {limits.key_bytes} bytes")
    assert isinstance(
        read_import(path, matera, limits=Limits(key_bytes=len(file.ciphertext))), ImportedKey
    )
    write_archive(tmp_path / "segment.zip", file)
    tiny = Limits(100, 100)
    assert refused(
        read_import(tmp_path / "segment.zip", matera, limits=tiny), RefusalKind.TORN, "longer than"
    )


# --- the manifest ---------------------------------------------------------------------------------

MALFORMED = [
    (lambda d: d.update(extra=1), "extra: Extra inputs are not permitted"),
    (lambda d: d.pop("station"), "station: Field required"),
    (lambda d: d.update(schema="groundstation-key-segment/2"), "schema: Input should be"),
    (lambda d: d.update(tier=3), "tier is neither 1 nor 2"),
    (lambda d: d.update(tier=True), "tier is neither 1 nor 2"),
    (lambda d: d.update(tier="2"), "tier is neither 1 nor 2"),
    (lambda d: d.update(protocol="e91"), "protocol is none of decoy-bb84, one-decoy-bb84, bbm92"),
    (lambda d: d.update(protocol="bbm92"), "reconciliation.tallies.errors: Field req"),
    (lambda d: d.update(tier=1), "reconciliation: Extra inputs"),
    (lambda d: d.update(n_bits=float(d["n_bits"])), "n_bits: Input should be a valid integer"),
    (lambda d: d.update(n_bits=True), "n_bits: Input should be a valid integer"),
    (lambda d: d.update(n_bits=0), "n_bits: Input should be greater than or equal to 1"),
    (lambda d: d.update(n_bits=10**9), "n_bits: Input should be less than or equal to"),
    (lambda d: d.update(segment_id=d["segment_id"].upper()), "segment_id: String should match"),
    (lambda d: d.update(segment_id="00000000-0000-0000-0000-000000000000"), "is all zeros"),
    (lambda d: d.update(start="2026-06-14T21:03:05"), "start: String should match"),
    (lambda d: d.update(start="2026-06-14T21:03:05+00:00"), "start: String should match"),
    (lambda d: d.update(start="2026-06-31T21:03:05Z"), "start '2026-06-31T21:03:05Z' is no inst"),
    (lambda d: d.update(end="2026-06-14T21:03:04Z"), "is before start"),
    (lambda d: d.update(station="../x"), "station: String should match"),
    (lambda d: d.update(station="a\nb"), "station: String should match"),
    (lambda d: d.update(satellite=None), "neither peer_station nor satellite"),
    (lambda d: d.update(peer_station="matera"), "station and peer_station are both 'matera'"),
    (lambda d: d["epsilon"].update(secrecy=0.0), "epsilon.secrecy: Input should be greater"),
    (lambda d: d["epsilon"].update(secrecy="1e-9"), "epsilon.secrecy: Input should be a valid num"),
    (lambda d: d["transport"].update(nonce="00"), "transport.nonce: String should match"),
    (lambda d: d["reconciliation"].update(selection="best-errors"), "reconciliation.selection"),
    (lambda d: d["reconciliation"].update(verification=[]), "verification: Tuple should have at l"),
    (lambda d: d["reconciliation"].update(leak_ec_bits=[1, 2]), "leak_ec_bits: Tuple should have"),
    (lambda d: d["reconciliation"].update(leak_ec_bits=[-1]), "leak_ec_bits.0: Input should be"),
    (lambda d: tallies(d).update(n_x=5), "n_x = 5 is not the sum of key"),
    (lambda d: tallies(d).update(n_z=5), "n_z = 5 is not the sum of test"),
    (lambda d: tallies(d).update(test_errors=[0, 0, 10**9]), "test_errors[2] = 1000000000 exceeds"),
    (lambda d: tallies(d).update(key_errors=10**9), "key_errors[0] = 1000000000 exceeds its"),
    (lambda d: tallies(d)["key"].append(1), "tallies.key: Tuple should have at most 3"),
]


def tallies(document):
    return document["reconciliation"]["tallies"]


@pytest.mark.parametrize(("change", "reason"), MALFORMED)
def test_a_manifest_outside_its_schema_is_refused(
    change, reason, reconciled, sealed, write, matera
):
    file = sealed(reconciled, matera)
    document = json.loads(file.manifest)
    change(document)
    result = read_import(write(json.dumps(document).encode(), file.ciphertext), matera)
    assert refused(result, RefusalKind.MALFORMED, reason)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"\xef\xbb\xbf{}", "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b'{"a": 1, "a": 1}', "member 'a' stands there twice"),
        (b'{"a": {"b": 1, "b": 2}}', "member 'b' stands there twice"),
        (b'{"a": NaN}', "NaN is no number in JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number in JSON"),
        (b'{"n_bits": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b"[" * 60_000, "it is not JSON"),
        (b'{"tier": [1], "protocol": {}}', "tier is neither 1 nor 2"),
        (b'{"tier": 2, "protocol": ["bbm92"]}', "protocol is none of"),
    ],
)
def test_text_that_is_no_manifest_is_refused(raw, reason, write, matera):
    assert refused(read_import(write(raw, b""), matera), RefusalKind.MALFORMED, reason)


def test_a_refused_file_cannot_write_into_the_log(write, matera):
    name = "x\n2026-06-14 all is well\x1b[2J" + "y" * 5000
    for document in ({"tier": 1, "protocol": "bbm92", name: 1}, {"tier": 1, name: {name: 1}}):
        result = read_import(write(json.dumps(document).encode(), b""), matera)
        assert isinstance(result, Refusal)
        assert result.reason.isprintable()
        assert len(result.reason) <= 400
    raw = b'{"a\\n": 1, "a\\n": 2}'
    result = read_import(write(raw, b""), matera)
    assert refused(result, RefusalKind.MALFORMED, "member 'a?' stands there twice")


def test_the_shipped_schema_is_that_of_the_reader(either, sealed, matera):
    shipped = json.loads(
        (resources.files("groundstation") / "data/keys/segment-manifest.schema.json").read_text()
    )
    assert shipped == manifest_schema()
    validator = jsonschema.Draft202012Validator(shipped)
    document = json.loads(sealed(either, matera).manifest)
    assert list(validator.iter_errors(document)) == []
    document["unknown"] = 1
    assert list(validator.iter_errors(document))


# --- authentic, but its producer was wrong --------------------------------------------------------


def test_tallies_of_another_length_than_the_key_are_not_believed(reconciled, write, matera):
    segment = replace(reconciled.segment, station="matera", n_bits=reconciled.segment.n_bits - 8)
    file = sealed_contents(
        segment,
        _cut(reconciled.key, segment.n_bits),
        reconciled.reconciliation,
        matera,
        random_bytes=np.random.default_rng(5).bytes,
    )
    result = read_import(write(file.manifest, file.ciphertext), matera)
    n_bits = segment.n_bits
    assert refused(
        result, RefusalKind.UNBELIEVABLE, f"has {n_bits} bits, its tallies count {n_bits + 8}"
    )


def _cut(key, n_bits):
    unused = 8 * len(key) - n_bits
    shortened = (int.from_bytes(key) >> unused << unused).to_bytes(len(key))
    return shortened[: -(-n_bits // 8)]


def test_less_disclosed_than_errors_need_is_not_believed(reconciled, sealed, write, matera):
    block = reconciled.reconciliation
    # f = 1.16 of the Shannon limit was disclosed; a seventh below the limit is too little.
    for factor, is_believed in ((0.80, True), (0.77, False)):
        few = replace(block, leak_ec_bits=(int(block.leak_ec_bits[0] * factor),))
        file = sealed(replace(reconciled, reconciliation=few), matera)
        result = read_import(write(file.manifest, file.ciphertext), matera)
        assert isinstance(result, ImportedKey) is is_believed
        if not is_believed:
            assert refused(result, RefusalKind.UNBELIEVABLE, "cannot correct")


def test_more_detections_than_pulses_are_not_believed(reconciled, sealed, write, matera):
    counts = reconciled.reconciliation.counts
    detections = int(counts.key.sum() + counts.test.sum())
    for pulses, kind in ((detections, None), (detections - 1, RefusalKind.UNBELIEVABLE)):
        few = replace(reconciled.reconciliation, pulses=pulses)
        file = sealed(replace(reconciled, reconciliation=few), matera)
        result = read_import(write(file.manifest, file.ciphertext), matera)
        assert getattr(result, "kind", None) == kind


def test_a_digest_of_other_bits_is_not_believed(final, sealed, write, matera):
    # Sealed and signed by the producer, but with the digest of another key.
    document = json.loads(sealed(final, matera).manifest)
    document["comparison_digest"] = "00" * 32
    ciphertext, signed = _sealed_again(document, final.key, matera)
    result = read_import(write(signed, ciphertext), matera)
    assert refused(result, RefusalKind.UNBELIEVABLE, "comparison_digest is not that of the key")


def test_a_key_that_is_not_filled_with_zeros_is_not_believed(final, sealed, write, matera):
    odd = replace(final, segment=replace(final.segment, n_bits=63), key=b"\xff" * 7 + b"\xfe")
    document = json.loads(sealed(odd, matera).manifest)
    ciphertext, signed = _sealed_again(document, b"\xff" * 8, matera)
    result = read_import(write(signed, ciphertext), matera)
    assert refused(result, RefusalKind.UNBELIEVABLE, "last byte of 63 bits is not filled")


def _sealed_again(document, key, transport_key):
    from hashlib import sha256

    from groundstation.keys.imports.transport import producer_mac

    ciphertext = seal(key, document, transport_key)
    document["ciphertext_sha256"] = sha256(ciphertext).hexdigest()
    document["producer_mac"] = producer_mac(document, transport_key).hex()
    return ciphertext, json.dumps(document).encode()


# --- writing --------------------------------------------------------------------------------------


def test_a_directory_is_not_written_over_and_leaves_nothing_half(final, sealed, tmp_path, matera):
    path = tmp_path / "segment"
    write_directory(path, sealed(final, matera))
    with pytest.raises(KeyImportError, match="segment exists already"):
        write_directory(path, sealed(final, matera))
    with pytest.raises(KeyImportError, match="cannot write key file x"):
        write_directory(tmp_path / "no" / "x", sealed(final, matera))
    with pytest.raises(TypeError):
        write_directory(tmp_path / "half", Contents(b"", None))  # type: ignore[arg-type]
    assert [found.name for found in tmp_path.iterdir()] == ["segment"]


def test_a_file_for_the_wrong_station_or_without_sense_is_not_written(final, matera, graz):
    nonce = np.random.default_rng(5).bytes
    segment = replace(final.segment, station="graz")
    with pytest.raises(KeyImportError, match="is for station 'graz', transport key 'matera"):
        sealed_contents(segment, final.key, None, matera, random_bytes=nonce)
    alone = replace(segment, satellite=None)
    with pytest.raises(KeyImportError, match="makes no manifest: neither peer_station"):
        sealed_contents(alone, final.key, None, graz, random_bytes=nonce)


def test_transport_keys_of_another_length_or_with_one_secret_twice_are_refused():
    with pytest.raises(KeyImportError, match="secret of transport key 'k' has 16 bytes, not 32"):
        TransportKey("k", "matera", bytes(16), bytes(32))
    with pytest.raises(KeyImportError, match="comparison_secret of transport key 'k' has 33"):
        TransportKey("k", "matera", bytes(32), bytes(33))
    with pytest.raises(KeyImportError, match="has one secret for two uses"):
        TransportKey("k", "matera", bytes(32), bytes(32))
