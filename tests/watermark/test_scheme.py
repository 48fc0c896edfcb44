from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from synthmark.watermark.scheme import AUDIO_1, AUDIO_GENERATIONS, IMAGE_1, IMAGE_GENERATIONS

GOLDEN = Path(__file__).parents[1] / "golden" / "schemes.json"


def test_golden_generations_never_change() -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    for scheme in (*IMAGE_GENERATIONS, *AUDIO_GENERATIONS):
        assert json.loads(json.dumps(asdict(scheme))) == golden[scheme.name]


def test_generations_come_newest_first() -> None:
    for schemes in (IMAGE_GENERATIONS, AUDIO_GENERATIONS):
        numbers = [scheme.generation for scheme in schemes]
        assert numbers == list(range(len(schemes), 0, -1))


def test_sub_keys_are_named_by_purpose_medium_and_generation() -> None:
    assert IMAGE_1.info("pilots") == "pilots/image/v1"
    assert AUDIO_1.info("check") == "check/audio/v1"
    assert (IMAGE_1.name, AUDIO_1.name) == ("image.1", "audio.1")


def test_a_scheme_costs_neither_kernels_nor_codecs() -> None:
    code = """
import sys
from synthmark.watermark import scheme
print(sorted({"numpy", "numba", "cv2", "soxr"} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
