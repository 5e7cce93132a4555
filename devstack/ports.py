"""Free TCP ports on 127.0.0.1."""

import secrets
import socket

HOST = "127.0.0.1"

# Below Linux's range for outgoing connections (32768 and up, ip_local_port_range), which could otherwise
# take a port between its choice and the server's start.
_CANDIDATES = range(12_000, 32_000)

# Ports already chosen by this process: a server holds its port only once it has started.
_chosen: set[int] = set()


def free_port(*, below: int = _CANDIDATES.stop) -> int:
    """A free port under `below`, a different one at each call."""
    candidates = range(_CANDIDATES.start, below)
    port = secrets.choice(candidates)
    while port in _chosen or not is_free(port):
        port = secrets.choice(candidates)
    _chosen.add(port)
    return port


def is_free(port: int) -> bool:
    """Whether a server can listen on the port."""
    with socket.socket() as probe:
        # As servers do: lingering connections of a server that has ended must not block its port.
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
