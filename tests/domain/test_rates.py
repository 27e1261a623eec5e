"""How often somebody asked, and who counts as one."""

import pytest

from domain import rates


@pytest.mark.parametrize(
    "address, place",
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_who_has_a_whole_network_of_ipv6_is_one(address: str, place: str) -> None:
    assert rates.place(address) == place
