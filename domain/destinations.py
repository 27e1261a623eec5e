"""Where webhooks may go: to the internet, and to those private networks that whoever runs this has named.

A server inside a company's network reaches what people outside cannot: databases, routers, the cloud's own service
that gives out keys at 169.254.169.254. A webhook to such an address would make the bot ask there for whoever adds it.
So an address that is not public is refused, whatever name leads to it, unless a setting names its network.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from domain.errors import InvalidInput

LONGEST: Final = 2_000
Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_CARRIES_V4: Final = ip_network("64:ff9b::/96")
"""The addresses by which a network that has only IPv6 reaches IPv4."""
_NOT_PUBLIC_EITHER: Final = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "fec0::/10", "3fff::/20"))
)
"""Special, but public to Python: among them what clouds answer at to their machines, and formerly private IPv6."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """Which addresses may be reached.

    Args:
        networks: those that are not public and allowed all the same; http without TLS is allowed there, too.
    """

    networks: tuple[Network, ...] = field(default=())

    @classmethod
    def of(cls, written: Iterable[str]) -> "Destinations":
        """From networks as ``networks`` gives them."""
        return cls(tuple(ip_network(each) for each in written))

    def allows(self, address: str, *, is_encrypted: bool) -> bool:
        """Whether this may be connected to; an address is as it stands, never a name."""
        try:
            found = _inner(ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        if any(found in network for network in self.networks):
            return True
        return is_encrypted and _is_public(found)


def networks(written: str | Iterable[str]) -> tuple[str, ...]:
    """From a list such as ``10.1.0.0/16,192.168.7.1``; raises ValueError if one is none."""
    try:
        parts = written.split(",") if isinstance(written, str) else written
        return tuple(str(ip_network(each.strip())) for each in parts if each.strip())
    except ValueError:
        raise ValueError("holds something that is no network") from None


def host_of(url: str, destinations: Destinations) -> str:
    """The host of an address that a webhook may have.

    What a name leads to is looked up when something is sent there, each time anew: it may lead elsewhere by then.

    Raises:
        InvalidInput: on ``url``: it is no such address; the sentence says why.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refused("this is no web address") from None
    if not host or parts.scheme not in ("https", "http") or not url.isascii() or any(c <= " " for c in url):
        raise _refused("this is no web address that begins with https://")
    if len(url) > LONGEST:
        raise _refused(f"the address has {len(url)} characters, and {LONGEST:,} is the most")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("the address may have neither a user in front of the host nor a # behind it")
    if parts.scheme == "http" and not destinations.networks:
        raise _refused("http would send it over the network for all to read; use https")
    if _is_address(host) and not destinations.allows(host, is_encrypted=parts.scheme == "https"):
        raise _refused(PRIVATE)
    return host


PRIVATE: Final = (
    "this address is not a public one, and http is for such networks only that are allowed; whoever runs Incident "
    "Tracker can allow a network with the setting WEBHOOK_NETWORKS"
)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_public(address: Address) -> bool:
    is_special = address.is_multicast or address.is_reserved or any(address in each for each in _NOT_PUBLIC_EITHER)
    return address.is_global and not is_special


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only carries."""
    if isinstance(address, IPv4Address):
        return address
    if address in _CARRIES_V4:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _refused(why: str) -> InvalidInput:
    return InvalidInput(f"No webhook was added: {why}.", field="url")
