"""The guard that every test stands behind holds."""

from __future__ import annotations

import socket
import urllib.request

import pytest


def test_a_host_is_not_reached() -> None:
    with pytest.raises(AssertionError, match="asked for the network"):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)
    with (
        socket.socket() as opened,
        pytest.raises(AssertionError, match="asked for the network"),
    ):
        opened.connect(("192.0.2.1", 80))


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(AssertionError, match="asked for the network"):
        socket.getaddrinfo("example.org", 80)
