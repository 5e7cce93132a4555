"""The way to a server: tunnel, retries, circuit breaker."""
