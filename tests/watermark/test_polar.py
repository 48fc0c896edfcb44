from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthmark.watermark import polar
from synthmark.watermark.polar import PolarCode

GOLDEN = Path(__file__).parents[1] / "golden" / "polar.json"

Bits = NDArray[np.uint8]
Soft = NDArray[np.float32]


def kronecker(bits: Bits) -> Bits:
    """x = u F^(kron n), by the whole matrix."""
    matrix = np.ones((1, 1), np.int64)
    while len(matrix) < len(bits):
        matrix = np.kron(np.array([[1, 0], [1, 1]]), matrix)
    return (bits.astype(np.int64) @ matrix % 2).astype(np.uint8)


def leaf(soft: Soft, decided: list[int], place: int) -> float:
    """Soft value of bit `place` with the bits before it decided, by recursion."""
    if len(soft) == 1:
        return float(soft[0])
    half = len(soft) // 2
    a, b = soft[:half], soft[half:]
    if place < half:
        sign = np.where((a < 0) == (b < 0), 1, -1)
        return leaf((sign * np.minimum(abs(a), abs(b))).astype(np.float32), decided, place)
    upper = kronecker(np.array(decided[:half], np.uint8))
    lower = np.where(upper == 1, b - a, b + a)
    return leaf(lower.astype(np.float32), decided[half:], place - half)


def oracle(soft: Soft, unknown: NDArray[np.bool_], known: Bits, paths: int) -> Bits:
    """List decoding bit by bit, every path a Python list, every soft value from the start."""
    survivors: list[tuple[list[int], float]] = [([], 0.0)]
    for place in range(len(soft)):
        grown = []
        for bits, cost in survivors:
            value = leaf(soft, bits, place)
            for bit in (0, 1) if unknown[place] else (int(known[place]),):
                grown.append(([*bits, bit], cost + max(value if bit else -value, 0.0)))
        survivors = sorted(grown, key=lambda path: path[1])[:paths]
    return np.array([bits for bits, _ in survivors], np.uint8)


def noise(seed: int, length: int) -> Soft:
    return np.random.default_rng(seed).normal(size=length).astype(np.float32)


@pytest.mark.kernel
@pytest.mark.parametrize("paths", [1, 2, 4, 8])
@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_decodes_as_the_oracle_does(seed: int, paths: int) -> None:
    code = PolarCode.of(32, 9, 5)
    soft, known = noise(seed, 32), np.zeros(32, np.uint8)
    unknown = np.zeros(32, bool)
    unknown[code.message] = unknown[code.free] = True
    found = polar.list_decode(soft, code.decoding, known, paths)
    assert np.array_equal(found, oracle(soft, unknown, known, paths))


@pytest.mark.kernel
@pytest.mark.parametrize("paths", [1, 4])
@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_encodes_as_the_oracle_does(seed: int, paths: int) -> None:
    code = PolarCode.of(32, 9, 5)
    soft, known = noise(seed, 32), np.zeros(32, np.uint8)
    known[code.message] = np.random.default_rng(seed).integers(0, 2, 9)
    unknown = np.zeros(32, bool)
    unknown[code.free] = True
    found = polar.list_decode(soft, code.encoding, known, paths)
    assert np.array_equal(found, oracle(soft, unknown, known, paths))


@pytest.mark.kernel
@pytest.mark.parametrize("half", [1, 2, 8])
def test_nodes_do_what_their_formulas_say(half: int) -> None:
    parent, decided = noise(half, 2 * half), (noise(7, half) < 0).astype(np.uint8)
    a, b = parent[:half], parent[half:]
    found = np.empty((2, half), np.float32)
    polar.f_node(parent, found[0])
    polar.g_node(parent, decided, found[1])
    agreeing = np.where((a < 0) == (b < 0), 1, -1) * np.minimum(abs(a), abs(b))
    assert np.array_equal(found, np.stack((agreeing, b + a * (1 - 2.0 * decided))).astype("f4"))
    lower, both = (noise(8, half) < 0).astype(np.uint8), np.empty(2 * half, np.uint8)
    polar.join(decided, lower, both)
    assert np.array_equal(both, np.concatenate((decided ^ lower, lower)))
    polar.transform_row(both)
    assert np.array_equal(both, kronecker(np.concatenate((decided ^ lower, lower))))
    against = np.where(a * (1 - 2.0 * decided) < 0, abs(a), 0).sum()
    assert polar.penalty(a.copy(), decided) == pytest.approx(against, rel=1e-6)


@pytest.mark.kernel
@pytest.mark.parametrize(("active", "paths"), [(1, 4), (3, 4), (4, 4), (1, 1)])
@pytest.mark.parametrize("seed", range(4))
def test_a_guess_keeps_the_cheapest_ways(active: int, paths: int, seed: int) -> None:
    soft, bit = noise(seed, paths), np.zeros(paths, np.uint8)
    costs = np.zeros((2, paths), np.float32)
    costs[0, :active] = abs(noise(seed + 9, active))
    before = costs[0].copy()
    rows = np.tile(np.arange(paths), (3, 2, 1))
    kept = polar.guess(soft, bit, rows, costs, 0, 1, active)
    ways = sorted(
        (before[path] + max(soft[path] if bit else -soft[path], np.float32(0)), path, bit)
        for path in range(active)
        for bit in (0, 1)
    )
    came_from = rows[0, 1, :kept]
    found = sorted(zip(costs[0, :kept], came_from, bit[:kept], strict=True))
    assert found == ways[: len(found)]
    assert len(found) == min(2 * active, paths)


@given(st.lists(st.integers(0, 1), min_size=16, max_size=16))
def test_the_transform_is_the_kronecker_power_and_its_own_inverse(bits: list[int]) -> None:
    word = np.array(bits, np.uint8)
    assert np.array_equal(polar.transform(word), kronecker(word))
    assert np.array_equal(polar.transform(polar.transform(word)), word)


def test_reliability_is_the_beta_expansion() -> None:
    expected = [0, 1, 2**0.25, 1 + 2**0.25, 2**0.5, 1 + 2**0.5, 2**0.25 + 2**0.5]
    assert np.allclose(polar.reliability(8)[:7], expected)


def test_free_bits_take_the_best_positions_and_message_bits_the_next() -> None:
    code = PolarCode.of(1024, 160, 64)
    weight = polar.reliability(1024)
    frozen = np.delete(weight, np.concatenate((code.free, code.message)))
    assert weight[code.free].min() > weight[code.message].max() > frozen.max()
    assert (np.diff(code.free) > 0).all()
    assert (np.diff(code.message) > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_message_survives_noise(seed: int) -> None:
    code = PolarCode.of(1024, 160, 64)
    generator = np.random.default_rng(seed)
    message = generator.integers(0, 2, 160, np.uint8)
    word = code.encode(message, noise(seed, 1024), paths=4)
    received = (word + generator.normal(size=1024)).astype(np.float32)
    assert any(np.array_equal(found, message) for found in code.decode(received, paths=32))


def test_the_codeword_leans_towards_the_host() -> None:
    """64 free bits of 1,024 agree with a Gaussian host by more than a quarter of its RMS."""
    code = PolarCode.of(1024, 160, 64)
    leans = []
    for seed in range(10):
        host = noise(seed, 1024)
        message = np.random.default_rng(seed).integers(0, 2, 160, np.uint8)
        leans.append(float(np.mean(code.encode(message, host, paths=4) * host)))
    assert np.mean(leans) > 0.25


def test_golden_vectors() -> None:
    golden = json.loads(GOLDEN.read_text())
    code = PolarCode.of(1024, 160, 64)
    positions = hashlib.sha256(
        code.message.astype("<u2").tobytes() + code.free.astype("<u2").tobytes()
    )
    assert positions.hexdigest() == golden["positions"]
    for case in golden["words"]:
        message = np.unpackbits(np.frombuffer(bytes.fromhex(case["message"]), np.uint8))
        # Multiples of 1/8 with few bits: every sum of them is exact, on any processor.
        host = ((np.arange(1024) * case["step"] % 61) - 30).astype(np.float32) / 8
        word = code.encode(message, host, paths=4)
        assert np.packbits(word < 0).tobytes().hex() == case["word"]
        assert np.array_equal(code.decode(word, paths=1)[0], message)
