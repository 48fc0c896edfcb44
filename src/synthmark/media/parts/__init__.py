"""Structures that formats share: boxes, directories, tags."""
