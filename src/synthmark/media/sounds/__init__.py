"""Sounds: one file a format, and what decodes and encodes them."""

__all__: list[str] = []
