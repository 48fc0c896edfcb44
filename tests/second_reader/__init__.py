"""A second reader of the watermarks, in plain NumPy, written from docs/spec alone.

It imports nothing of synthmark. What it reads shows that the pages say enough.
"""
