"""Addresses that a service is told of: which may be used, and which are this machine's own."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def parts(address: str) -> SplitResult | None:
    """An absolute http(s) address without user, query and fragment; None for anything else."""
    try:
        found = urlsplit(address)
        port_is_number = found.port is None or found.port > 0
    except ValueError:
        return None
    plain = found.scheme in ("http", "https") and found.hostname and not found.query and not found.fragment
    return found if plain and port_is_number and "@" not in found.netloc and "\\" not in address else None


def is_loopback(host: str) -> bool:
    """Whether a host name or number is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_safe(address: str) -> bool:
    """Whether what is sent there is encrypted on its way, or never leaves this machine."""
    found = parts(address)
    return found is not None and (found.scheme == "https" or is_loopback(found.hostname or ""))
