"""Findings: one thing worth knowing each, with a stable code."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


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
        message: One line.
        accounts_for: What differs between input and output on purpose, by the beginning of its
            place (`media.inventory.Item`); no part of what is reported.
    """

    code: str
    severity: Severity
    message: str
    accounts_for: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def info(cls, code: str, message: str, *, accounts_for: tuple[str, ...] = ()) -> Finding:
        """Return a finding that is good to know."""
        return cls(code, Severity.INFO, message, accounts_for)

    @classmethod
    def warning(cls, code: str, message: str, *, accounts_for: tuple[str, ...] = ()) -> Finding:
        """Return a finding that something is not as it should be."""
        return cls(code, Severity.WARNING, message, accounts_for)

    @classmethod
    def error(cls, code: str, message: str, *, accounts_for: tuple[str, ...] = ()) -> Finding:
        """Return a finding that something is wrong: a contradiction, or what cannot be read."""
        return cls(code, Severity.ERROR, message, accounts_for)
