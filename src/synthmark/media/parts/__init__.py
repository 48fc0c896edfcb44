"""Structures that formats share: boxes, directories, tags."""

__all__: list[str] = []
