"""Connections to servers: SSH tunnel, retries, circuit breaker."""
