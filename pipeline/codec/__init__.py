"""Bytes to Arrow and Arrow to bytes: pure computation, no I/O."""
