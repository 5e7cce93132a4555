"""Free TCP ports on 127.0.0.1."""

import secrets
import socket

HOST = "127.0.0.1"

# Below the ports that Linux gives to outgoing connections (32768 and up, ip_local_port_range), one
# of which could otherwise take a port between its choice and the server's start.
_CANDIDATES = range(12_000, 32_000)

# Chosen by this process already; a server that has not started yet does not hold its port.
_chosen: set[int] = set()


def free_port(*, below: int = _CANDIDATES.stop) -> int:
    """A port under `below` that nothing listens on, another one at each call."""
    candidates = range(_CANDIDATES.start, below)
    port = secrets.choice(candidates)
    while port in _chosen or not is_free(port):
        port = secrets.choice(candidates)
    _chosen.add(port)
    return port


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: connections of a server that has just ended must not hold its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def is_listening(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
