"""The second reader draws and decodes what synthmark does, and knows nothing of it."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark.label import ContentId
from synthmark.watermark.polar import PolarCode
from tests import second_reader
from tests.second_reader import shared

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"


def test_it_imports_nothing_of_synthmark() -> None:
    readers = [
        name for _, name, _ in pkgutil.iter_modules(second_reader.__path__) if "test_" not in name
    ]
    imports = "; ".join(f"import tests.second_reader.{name}" for name in readers)
    code = f"{imports}; import sys; print(*[each for each in sys.modules if 'synthmark' in each])"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"audio", "image"} <= set(readers)
    assert run.stdout.split() == []


def test_golden_streams() -> None:
    for name, golden in json.loads((GOLDEN / "keys.json").read_text("utf-8")).items():
        stream = shared.Stream(shared.OPEN_SECRET, f"{name}/v1")
        assert [f"{stream.below(2**64):016x}" for _ in range(4)] == golden["words"]
        assert stream.permutation(16).tolist() == golden["permutation"]
        assert [stream.below(10) for _ in range(8)] == golden["below"]


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.sampled_from([(1024, 160, 32), (1024, 96, 0), (512, 160, 0)]))
def test_code_words_come_back_through_noise(seed: int, code: tuple[int, int, int]) -> None:
    generator = np.random.default_rng(seed)
    message = generator.integers(0, 2, code[1], np.uint8)
    host = generator.normal(size=code[0]).astype(np.float32)
    word = PolarCode.of(*code).encode(message, host, paths=1)
    soft = word + generator.normal(scale=0.7, size=code[0])
    assert np.array_equal(shared.messages(soft, *code[1:])[0], message)


@given(st.binary(min_size=16, max_size=16))
def test_ids_read_alike(payload: bytes) -> None:
    whole = ContentId(payload)
    assert shared.text_form(payload) == str(whole)
    assert shared.text_form(whole.short.payload) == str(whole.short)
