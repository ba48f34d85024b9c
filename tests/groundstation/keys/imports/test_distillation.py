"""Reconciled key becomes secret key of the length that its counts allow."""

import base64
import json
import math
from dataclasses import replace
from hashlib import sha256
from uuid import UUID

import numpy as np
import pytest

from groundstation.keys.amplification.bit_order import pack, unpack
from groundstation.keys.amplification.errors import AmplificationError
from groundstation.keys.authentication.verification_tag import verification_tag
from groundstation.keys.imports.distillation import distil, plan_distillation
from groundstation.keys.imports.errors import KeyImportError
from groundstation.keys.imports.final_key import (
    DistillationPlan,
    FinalKey,
    result_document,
)
from groundstation.keys.imports.key_length import DistillationPolicy
from groundstation.keys.imports.promise import broken_promise
from groundstation.keys.imports.reading import read_import
from groundstation.keys.imports.records import (
    Protocol,
    Reconciliation,
    Refusal,
    RefusalKind,
    Segment,
    Selection,
)
from groundstation.keys.imports.seed import Seed, draw_seed, seed_of
from groundstation.keys.imports.simulation import (
    SimulatedKey,
    simulated_counts,
    simulated_final_key,
    simulated_reconciled_key,
)
from groundstation.keys.randomness.mixing import Drawn, SystemRandomness
from passes.key.bbm92.proof import Bbm92Counts, bbm92_key
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.one_decoy.proof import OneDecoyCounts, OneDecoySource, one_decoy_key
from passes.key.records import DecoyCounts, ErrorCorrection, Proof, SecurityParameters


@pytest.fixture
def imported(sealed, write, matera):
    def of(simulated):
        file = sealed(simulated, matera, "graz")
        found = read_import(write(file.manifest, file.ciphertext), matera)
        assert not isinstance(found, Refusal), found
        return found

    return of


def planned(found, policy):
    plan = plan_distillation(found, policy)
    assert isinstance(plan, DistillationPlan), plan
    return plan


def distilled(found, policy, seed):
    final = distil(found, policy, seed)
    assert isinstance(final, FinalKey), final
    return final


def refusal_of(found, policy):
    refusal = plan_distillation(found, policy)
    assert isinstance(refusal, Refusal), refusal
    return refusal


def seed_for(plan, number=3):
    bits = np.random.default_rng(number).integers(0, 2, plan.seed_bits, dtype=np.uint8)
    return Seed(pack(bits), plan.seed_bits, "test")


def disclosed(policy, bits):
    return SecurityParameters(
        policy.epsilon_secrecy,
        policy.epsilon_correctness,
        ErrorCorrection.DISCLOSED,
        1.0,
        float(bits),
    )


def tagged(key, n_bits, points=(3, 5)):
    tags = tuple(verification_tag(key, n_bits, point) for point in points)
    return {"points": tuple(points), "tags": tags}


def matrix_product(key, seed, first, n, m, rows=20):
    """T[i, j] = s[i - j + n - 1], row by row, for one stretch of the key."""
    part = key[first : first + n].astype(np.int64)
    reverse = seed[::-1].astype(np.int64)
    return [int(reverse[m - 1 - i : m - 1 - i + n] @ part) % 2 for i in range(rows)]


# --- three intensities ----------------------------------------------------------------------------


def test_length_is_that_of_the_proof_on_observed_counts_less_what_tags_told(
    reconciled, imported, policy
):
    plan = planned(imported(reconciled), policy)
    block = reconciled.reconciliation
    proof = secret_key(block.counts, block.source, disclosed(policy, block.leak_ec_bits[0]))
    # One tag tells 64 bits; the proof pays log2(2e15) = 50.83 of them; one bit is for rounding.
    expected = math.floor(proof.secret_key_bits - (64 - math.log2(2e15)) - 1)
    assert plan.secret_bits == expected
    assert 0.1 < plan.secret_bits / imported(reconciled).segment.n_bits < 0.6
    assert plan.audit.error_correction_bits == block.leak_ec_bits[0]
    assert plan.tag_deduction_bits == pytest.approx(13.17, abs=0.01)


def test_each_bit_disclosed_costs_a_bit(reconciled, imported, policy):
    block = reconciled.reconciliation
    more = replace(block, leak_ec_bits=(block.leak_ec_bits[0] + 1000,))
    plans = [
        planned(imported(replace(reconciled, reconciliation=each)), policy)
        for each in (block, more)
    ]
    assert plans[0].secret_bits - plans[1].secret_bits == 1000


def test_a_second_tag_costs_its_64_bits(reconciled, imported, policy):
    two = replace(
        reconciled.reconciliation, **tagged(reconciled.key, reconciled.segment.n_bits, (3, 5))
    )
    one, both = (
        planned(imported(replace(reconciled, reconciliation=block)), policy)
        for block in (reconciled.reconciliation, two)
    )
    assert one.secret_bits - both.secret_bits == 64
    assert both.epsilon_correctness < 1e-30 < one.epsilon_correctness < 1e-15


def test_intensities_that_may_be_off_cost_key(reconciled, imported, policy):
    found = imported(reconciled)
    unsure = replace(policy, intensity_uncertainty=0.05)
    assert planned(found, unsure).secret_bits < 0.95 * planned(found, policy).secret_bits


def test_both_stations_make_the_same_key_of_the_same_seed(
    reconciled, sealed, write, matera, graz, policy
):
    keys = []
    for key, peer in ((matera, "graz"), (graz, "matera")):
        file = sealed(reconciled, key, peer)
        found = read_import(write(file.manifest, file.ciphertext), key)
        keys.append(distilled(found, policy, seed_for(planned(found, policy))))
    assert keys[0].key == keys[1].key
    assert len(keys[0].key) == -(-keys[0].n_bits // 8)
    assert keys[0].rounding_distance < keys[0].error_bound < 1e-6


def test_the_key_is_the_matrix_of_the_seed_times_the_reconciled_key(
    simulated_pass, imported, policy
):
    simulated = simulated_reconciled_key(simulated_pass, UUID(int=7), np.random.default_rng(2))
    found = imported(simulated)
    plan = planned(found, policy)
    seed = seed_for(plan)
    final = distilled(found, policy, seed)
    (part,) = plan.parts
    bits = unpack(final.key, final.n_bits)
    key, of_seed = unpack(found.key, found.segment.n_bits), unpack(seed.material, seed.n_bits)
    # A few rows of so large a matrix by hand.
    for row in (0, 1, part.output_bits // 2, part.output_bits - 1):
        shifted = of_seed[row : row + part.input_bits][::-1].astype(np.int64)
        assert bits[row] == int(shifted @ key) % 2


def test_another_seed_makes_another_key_and_a_wrong_length_none(reconciled, imported, policy):
    found = imported(reconciled)
    plan = planned(found, policy)
    one, other = (distilled(found, policy, seed_for(plan, number)) for number in (3, 4))
    assert one.key != other.key
    short = Seed(bytes(8), 64, "test")
    with pytest.raises(AmplificationError, match=f"{plan.seed_bits} bits take"):
        distil(found, policy, short)


def test_the_public_record_holds_the_seed_and_no_key(reconciled, imported, policy):
    found = imported(reconciled)
    plan = planned(found, policy)
    final = distilled(found, policy, seed_for(plan))
    document = json.loads(json.dumps(result_document(final)))
    of_seed = document["amplification"]["seed"]
    assert base64.b64decode(of_seed["base64"]) == final.seed.material
    assert of_seed["sha256"] == sha256(final.seed.material).hexdigest()
    assert of_seed["bits"] == plan.seed_bits == found.segment.n_bits + final.n_bits - 1
    # With it the other station repeats the hashing.
    assert distilled(found, policy, seed_of(of_seed)).key == final.key
    assert document["secret_bits"] == final.n_bits
    spent = sum(term["count"] * term["probability"] for term in document["epsilon"]["terms"])
    assert spent == pytest.approx(1e-9)
    text = json.dumps(document) + repr(final) + repr(plan) + repr(found)
    for secret in (final.key[:8], found.key[:8]):
        for form in (secret.hex(), base64.b64encode(secret).decode()[:10], repr(secret)[2:-1]):
            assert form not in text


def test_a_drawn_seed_is_filled_with_zeros_and_keeps_its_origin():
    class Ones:
        def draw(self, n_bytes):
            return Drawn(b"\xff" * n_bytes, "ones")

    assert draw_seed(Ones(), 11) == Seed(b"\xff\xe0", 11, "ones")
    assert draw_seed(Ones(), 16).material == b"\xff\xff"
    one, other = (draw_seed(SystemRandomness(), 256).material for _ in range(2))
    assert one != other


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"base64": "AQI="}, "is not the one that its SHA-256 names"),
        ({"base64": "A"}, "holds no seed"),
        ({"bits": 17}, "holds no seed: 17 bits take 3 bytes"),
        ({"sha256": "00"}, "is not the one"),
    ],
)
def test_a_damaged_seed_record_is_refused(change, reason):
    document = {"bits": 16, "origin": "x", "base64": "AAA=", "sha256": sha256(bytes(2)).hexdigest()}
    assert seed_of(document) == Seed(bytes(2), 16, "x")
    with pytest.raises(KeyImportError, match=reason):
        seed_of(document | change)


# --- refusals -------------------------------------------------------------------------------------


def test_one_wrong_bit_is_found_by_the_tag(reconciled, imported, policy):
    wrong = replace(reconciled, key=bytes([reconciled.key[0] ^ 1]) + reconciled.key[1:])
    result = refusal_of(imported(wrong), policy)
    assert result.kind is RefusalKind.UNCORRECTED
    assert "both ends hold different keys" in result.reason
    assert distil(imported(wrong), policy, Seed(b"", 0, "test")) == result


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"epsilon_secrecy": 1e-10}, "epsilon_secrecy is 1e-09, this station has 1e-10"),
        ({"epsilon_secrecy": 1e-8}, "epsilon_secrecy is 1e-09, this station has 1e-08"),
        ({"epsilon_correctness": 1e-12}, "epsilon_correctness is 1e-15, this station has 1e-12"),
    ],
)
def test_a_block_for_another_promise_is_refused(changes, reason, reconciled, imported, policy):
    result = refusal_of(imported(reconciled), replace(policy, **changes))
    assert (result.kind, reason in result.reason) == (RefusalKind.POLICY, True)


def test_a_final_key_may_be_promised_better_than_wanted_and_not_worse(final, policy):
    assert broken_promise(final.segment, policy) is None
    assert broken_promise(final.segment, replace(policy, epsilon_secrecy=1e-8)) is None
    for name, value in (("epsilon_secrecy", 1e-10), ("epsilon_correctness", 1e-16)):
        result = broken_promise(final.segment, replace(policy, **{name: value}))
        assert result is not None
        assert (result.kind, name in result.reason) == (RefusalKind.POLICY, True)


def test_too_few_tags_for_the_promised_correctness_are_refused(reconciled, imported, policy):
    segment = replace(reconciled.segment, epsilon_correctness=1e-18)
    found = imported(replace(reconciled, segment=segment))
    result = refusal_of(found, replace(policy, epsilon_correctness=1e-18))
    assert result.kind is RefusalKind.POLICY
    assert "correctness of 1e-18, which takes 2" in result.reason


def test_the_same_point_twice_is_one_tag(reconciled, imported, policy):
    block = replace(
        reconciled.reconciliation, **tagged(reconciled.key, reconciled.segment.n_bits, (3, 3))
    )
    result = refusal_of(imported(replace(reconciled, reconciliation=block)), policy)
    assert (result.kind, "same point twice" in result.reason) == (RefusalKind.UNBELIEVABLE, True)


def test_a_block_with_too_many_errors_gives_no_key(reconciled, imported, policy):
    counts = reconciled.reconciliation.counts
    noisy = replace(counts, test_errors=np.floor(counts.test / 4))
    block = replace(reconciled.reconciliation, counts=noisy)
    result = refusal_of(imported(replace(reconciled, reconciliation=block)), policy)
    assert (result.kind, "no secret bit is left" in result.reason) == (RefusalKind.NO_KEY, True)


def test_a_source_without_decoys_is_refused_with_the_limit(reconciled, imported, policy):
    source = replace(reconciled.reconciliation.source, intensities=(0.7, 0.7, 0.0))
    block = replace(reconciled.reconciliation, source=source)
    result = refusal_of(imported(replace(reconciled, reconciliation=block)), policy)
    assert result.kind is RefusalKind.UNBELIEVABLE
    assert "intensities[0] = 0.7 must be larger" in result.reason


def test_a_final_key_is_not_distilled_again(final, imported, policy):
    with pytest.raises(ValueError, match="is a final key already"):
        plan_distillation(imported(final), policy)


@pytest.mark.parametrize(
    "proof",
    [{"decoy_proof": Proof.SATQUMA}, {"bbm92_proof": "lim2021"}, {"bbm92_proof": "lim2021-exact"}],
)
def test_formulas_for_plans_make_no_key(proof):
    with pytest.raises(KeyImportError, match="is good for plans, not for making key"):
        DistillationPolicy(1e-9, 1e-15, **proof)


# --- the other protocols --------------------------------------------------------------------------


def block_of(protocol, n_bits, **fields):
    key = pack(np.random.default_rng(4).integers(0, 2, n_bits, dtype=np.uint8))
    segment = Segment(
        segment_id=UUID(int=9),
        tier=2,
        producer="test",
        station="",
        peer_station=None,
        satellite="spoqc",
        pass_id=None,
        start=fields.pop("start"),
        end=fields.pop("end"),
        protocol=protocol,
        n_bits=n_bits,
        epsilon_secrecy=1e-9,
        epsilon_correctness=1e-15,
    )
    block = Reconciliation(selection=Selection.WHOLE_PASS, **fields, **tagged(key, n_bits, (3,)))
    return SimulatedKey(segment, key, block)


@pytest.fixture
def interval(simulated_pass):
    return {"start": simulated_pass.start, "end": simulated_pass.end}


def test_two_intensities_are_distilled_by_their_own_proof(interval, imported, policy):
    counts = OneDecoyCounts(
        *(np.array(v, float) for v in ([886e3, 114e3], [886e2, 114e2], [8860, 1140], [886, 114]))
    )
    source = OneDecoySource(1e8, (0.5, 0.15), (0.7, 0.3), 0.8, 0.0)
    simulated = block_of(
        Protocol.ONE_DECOY_BB84,
        1_000_000,
        pulses=10**10,
        counts=counts,
        source=source,
        leak_ec_bits=(94_000,),
        **interval,
    )
    plan = planned(imported(simulated), policy)
    proof = one_decoy_key(counts, source, disclosed(policy, 94_000))
    assert plan.secret_bits == math.floor(proof.secret_key_bits - (64 - math.log2(2e15)) - 1)
    assert plan.secret_bits > 100_000


def bbm92_block(interval, leaks, sifted=(20_000, 30_000), errors=(400, 900)):
    counts = Bbm92Counts(np.array(sifted, float), np.array(errors, float), 0.01)
    return block_of(
        Protocol.BBM92,
        sum(sifted),
        pulses=10**9,
        counts=counts,
        source=None,
        leak_ec_bits=leaks,
        **interval,
    )


def test_both_bases_of_entangled_pairs_are_hashed_by_themselves(interval, imported, policy):
    simulated = bbm92_block(interval, (3300, 6800))
    found = imported(simulated)
    plan = planned(found, policy)
    proof = bbm92_key(simulated.reconciliation.counts, disclosed(policy, 10_100))
    first, second = plan.parts
    assert (first.first, first.input_bits) == (0, 20_000)
    assert (second.first, second.input_bits) == (20_000, 30_000)
    # Together what the proof gives, less one deduction and one rounding per basis.
    deduction = 64 - math.log2(2e15)
    assert plan.secret_bits == pytest.approx(proof.secret_key_bits - 2 * deduction - 2, abs=2)
    seed = seed_for(plan)
    final = distilled(found, policy, seed)
    bits = unpack(final.key, final.n_bits).tolist()
    key, of_seed = unpack(found.key, 50_000), unpack(seed.material, seed.n_bits)
    m = first.output_bits
    assert bits[:20] == matrix_product(key, of_seed[: first.seed_bits], 0, 20_000, m)
    rest = matrix_product(key, of_seed[first.seed_bits :], 20_000, 30_000, second.output_bits)
    assert bits[m : m + 20] == rest


def test_what_one_basis_disclosed_is_taken_off_that_basis(interval, imported, policy):
    plans = [
        planned(imported(bbm92_block(interval, leaks)), policy)
        for leaks in ((3300, 6800), (4300, 5800))
    ]
    (a, b), (c, d) = ([part.output_bits for part in plan.parts] for plan in plans)
    assert (a - c, d - b) == (1000, 1000)


def test_a_basis_without_key_is_left_out_and_the_other_stays(interval, imported, policy):
    # 200 bits of X are no sample for the many of Z, but those of Z are one for them: neither basis
    # of 200 bits pays its fixed cost.
    block = bbm92_block(interval, (3300, 20), sifted=(20_000, 120), errors=(400, 2))
    assert refusal_of(imported(block), policy).kind is RefusalKind.NO_KEY
    block = bbm92_block(interval, (3300, 140), sifted=(20_000, 1000), errors=(400, 10))
    plan = planned(imported(block), policy)
    assert [part.first for part in plan.parts] in ([0], [0, 20_000])


# --- simulation -----------------------------------------------------------------------------------


def test_simulated_counts_scatter_about_the_expected_ones(simulated_pass):
    expected = decoy_counts_from_moments(simulated_pass.moments, simulated_pass.source, 0.8, 1e-3)
    rng = np.random.default_rng(1)
    draws = [simulated_counts(simulated_pass, rng) for _ in range(200)]
    for name in ("key", "test", "test_errors"):
        values = np.array([getattr(draw, name) for draw in draws])
        mean = np.asarray(getattr(expected, name))
        # The mean of 200 Poisson draws is within five of its standard deviations.
        assert np.all(np.abs(values.mean(axis=0) - mean) < 5 * np.sqrt(mean / 200) + 1e-9)
        assert np.all(np.abs(values.var(axis=0) / mean - 1.0) < 0.6)
    errors = np.array([draw.key_errors for draw in draws])
    assert abs(errors.mean() - expected.key_errors) < 5 * math.sqrt(expected.key_errors / 200)


def test_a_simulated_final_key_is_as_long_as_its_block_would_give(final, simulated_pass):
    expected = decoy_counts_from_moments(simulated_pass.moments, simulated_pass.source, 0.8, 1e-3)
    security = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)
    planned = secret_key(expected, simulated_pass.source, security).secret_key_bits
    # Counting noise of a few hundred test errors moves the length by some per cent.
    assert final.segment.n_bits == pytest.approx(planned, rel=0.15)
    assert final.reconciliation is None


def test_simulation_repeats_with_its_generator(simulated_pass):
    keys = [
        simulated_final_key(simulated_pass, UUID(int=1), np.random.default_rng(number)).key
        for number in (1, 1, 2)
    ]
    assert keys[0] == keys[1] != keys[2]


def test_a_pass_without_light_gives_no_file(simulated_pass):
    dark = replace(simulated_pass, moments=replace(simulated_pass.moments, efficiency=np.zeros(12)))
    dark = replace(
        dark,
        moments=replace(dark.moments, noise_key=np.zeros(12), noise_test=np.zeros(12)),
    )
    with pytest.raises(KeyImportError, match="has no detection in the key basis"):
        simulated_reconciled_key(dark, UUID(int=1), np.random.default_rng(1))
    weak = replace(
        simulated_pass,
        moments=replace(
            simulated_pass.moments, efficiency=simulated_pass.moments.efficiency / 1000
        ),
    )
    with pytest.raises(KeyImportError, match="gives no secret key"):
        simulated_final_key(weak, UUID(int=1), np.random.default_rng(1))


def test_records_of_a_result_are_complete(reconciled, imported, policy):
    found = imported(reconciled)
    final = distilled(found, policy, seed_for(planned(found, policy)))
    assert isinstance(final, FinalKey)
    assert isinstance(found.reconciliation.counts, DecoyCounts)
    assert final.segment_id == reconciled.segment.segment_id
