"""Codes that Chinese registries issue: parse them and check their digits, nothing else.

Sources: TC260-PG-20252A (provider code, 27 characters), GB 32100-2015 (Unified Social Credit
Code and its check character).
"""

from __future__ import annotations

from dataclasses import dataclass

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def uscc_check_character(body: str) -> str:
    """Return the 18th character that belongs to the 17 characters of `body` (GB 32100-2015).

    Raises:
        ValueError: `body` is not 17 characters of the code's alphabet.
    """
    if len(body) != 17 or any(c not in _USCC_ALPHABET for c in body):
        raise ValueError(f"not 17 characters of a social credit code: {body!r}")
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[-total % 31]


@dataclass(frozen=True, slots=True)
class ProviderCode:
    """A provider code of TC260-PG-20252A.

    Attributes:
        subject_type: ``1`` for an organisation.
        binding: ``1`` when the subject is named by its Unified Social Credit Code.
        subject: 18 characters.
        service: Five characters: service type (``1`` generation, ``2`` propagation) and model or
            application, or ``00000`` when none is coded.
    """

    subject_type: str
    binding: str
    subject: str
    service: str

    @classmethod
    def parse(cls, text: str) -> ProviderCode:
        """Parse 27 characters.

        Raises:
            ValueError: The text is not a provider code; the message says which position is wrong.
        """
        if len(text) != 27:
            raise ValueError(f"a provider code has 27 characters, this has {len(text)}")
        if not (text.isascii() and text.isalnum() and text == text.upper()):
            raise ValueError("a provider code holds digits and upper-case letters only")
        if text[:2] != "00":
            raise ValueError(f"a provider code begins with 00, this with {text[:2]}")
        code = cls(text[2], text[3], text[4:22], text[22:])
        if code.binding == "1":
            try:
                expected = uscc_check_character(code.subject[:-1])
            except ValueError as error:
                raise ValueError(f"characters 5 to 22: {error}") from None
            if code.subject[-1] != expected:
                raise ValueError(
                    f"characters 5 to 22 are no social credit code: the last of {code.subject} "
                    f"should be {expected}"
                )
        return code

    def __str__(self) -> str:
        return f"00{self.subject_type}{self.binding}{self.subject}{self.service}"
