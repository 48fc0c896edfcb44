"""Findings: one thing worth knowing each, as a code and parameters; `words` has the sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

Parameter = str | int | float | bool | tuple[str, ...] | tuple[float, ...] | None
"""What a finding says of a code: a name, a number, a list of names."""


class Severity(Enum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing, with a stable dotted code.

    Attributes:
        code: Stable and dotted.
        severity: How much it matters.
        parameters: What the sentence of the code is filled in with, by name.
        accounts_for: What differs between input and output on purpose, by the beginning of its
            place (`media.Item`); no part of what is reported.
    """

    code: str
    severity: Severity
    parameters: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    accounts_for: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def info(
        cls, code: str, /, *, accounts_for: tuple[str, ...] = (), **parameters: Parameter
    ) -> Finding:
        """Return a finding that is good to know."""
        return cls(code, Severity.INFO, parameters, accounts_for)

    @classmethod
    def warning(
        cls, code: str, /, *, accounts_for: tuple[str, ...] = (), **parameters: Parameter
    ) -> Finding:
        """Return a finding that something is not as it should be."""
        return cls(code, Severity.WARNING, parameters, accounts_for)

    @classmethod
    def error(
        cls, code: str, /, *, accounts_for: tuple[str, ...] = (), **parameters: Parameter
    ) -> Finding:
        """Return a finding that something is wrong: a contradiction, or what cannot be read."""
        return cls(code, Severity.ERROR, parameters, accounts_for)
