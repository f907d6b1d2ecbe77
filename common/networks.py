"""What one sender can choose their address from."""

from ipaddress import IPv6Address, ip_address, ip_network

OF_ONE_CUSTOMER = 64  # bits of an IPv6 address that a provider gives to one customer


def network_of(address: str) -> str:
    """Of an IPv6 address the network of one customer; an IPv4 address, also one mapped into IPv6, is one by itself.

    What is no address stays as it is.
    """
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is None:
            return str(ip_network((known, OF_ONE_CUSTOMER), strict=False))
        known = known.ipv4_mapped
    return str(known)
