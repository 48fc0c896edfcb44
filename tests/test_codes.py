from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark.codes import ProviderCode, uscc_check_character

# Published social credit codes of real companies.
REAL = [
    "91110102MACQD9K640",
    "9144030008867405X2",
    "91440101MA9Y9T4H7A",
    "91330106MA2CFLDG4R",
    "91110108335469089C",
    "91440300708461136T",
    "91110000802100433B",
    "91310104MACE0YX639",
]


@pytest.mark.parametrize("code", REAL)
def test_real_codes_carry_their_check_character(code: str) -> None:
    assert uscc_check_character(code[:-1]) == code[-1]


@pytest.mark.parametrize("code", REAL)
def test_a_provider_code_reads_back(code: str) -> None:
    text = f"0011{code}10000"
    parsed = ProviderCode.parse(text)
    assert (parsed.subject, parsed.service, str(parsed)) == (code, "10000", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "27 characters"),
        ("0011" + REAL[0] + "1000", "27 characters"),
        ("0111" + REAL[0] + "10000", "begins with 00"),
        ("0011" + REAL[0].lower() + "10000", "upper-case"),
        ("0011" + REAL[0][:-1] + "1" + "10000", "should be 0"),
        ("0011" + "O" + REAL[0][1:] + "10000", "not 17 characters"),
        ("0011" + "中" * 18 + "10000", "upper-case"),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ProviderCode.parse(text)


@given(
    st.sampled_from(REAL), st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY")
)
def test_every_single_slip_is_caught(code: str, place: int, other: str) -> None:
    slipped = code[:place] + other + code[place + 1 : -1]
    assert (uscc_check_character(slipped) == code[-1]) == (slipped == code[:-1])
