"""synthmark labels generated media and verifies the labels."""

__version__ = "0.1.0"
