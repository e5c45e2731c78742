"""Whose word counts about where a visitor comes from: addresses, networks, and the gateway of a container."""

import ipaddress
from pathlib import Path

import pytest

from worker.desk import proxies
from worker.desk.proxies import addresses_of_proxies

# The kernel's table in a container at 172.18.0.5 (proc(5)); a little-endian machine writes 172.18.0.1 as 010012AC.
TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def test_addresses_and_networks_are_taken_as_they_stand() -> None:
    assert addresses_of_proxies("127.0.0.1, 10.0.0.0/8,,") == ["127.0.0.1", "10.0.0.0/8"]


def test_the_gateway_is_where_the_default_route_leads_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "route").write_text(TABLE, encoding="ascii")
    monkeypatch.setattr(proxies, "_ROUTES", tmp_path / "route")
    assert addresses_of_proxies("127.0.0.1,gateway") == ["127.0.0.1", "172.18.0.1"]


def test_a_machine_without_such_a_table_has_no_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "_ROUTES", tmp_path / "none")
    assert addresses_of_proxies("gateway") == []


def test_this_machine_s_gateways_are_addresses() -> None:
    assert all(ipaddress.ip_address(address) for address in addresses_of_proxies("gateway"))
