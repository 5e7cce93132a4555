"""Compilation of kernels, and the memory operations that Numba lacks.

Kernels are compiled once per machine, by ``python -m pipeline.codec`` or by the first process that needs
one, and cached in ``__pycache__`` beside their source, in Numba's user-wide cache where that directory is
not writable, or in ``NUMBA_CACHE_DIR``. They run without the GIL.

The memory operations are unaligned, unchecked and little-endian, like every machine that Arrow's wheels are
built for. The caller guarantees the bounds: every array passed has `SLACK` bytes after its last used one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # it has no stubs
from numba import njit, types
from numba.extending import intrinsic, register_jitable

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Int: TypeAlias = Any
"""An integer inside a kernel. Kernels never mix `int64` and `uint64`: the result would be a double."""
Bool: TypeAlias = Any
Function = TypeVar("Function", bound=Callable[..., Any])

# Machine integers to the compiler, `Int` to the type checker.
int64: Any = np.int64
uint64: Any = np.uint64
uint32: Any = np.uint32
uint8: Any = np.uint8

SLACK = 32
"""Bytes that must be readable (or writable) after the last byte of an array passed to a kernel."""

# The arrays of a kernel belong to its caller. Counting references to them, which Numba does at every
# call of a helper even where it is inlined, took more than half of the time (14 ns a cell for 6).
_OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}
_kernels: list[Any] = []


def _digest() -> str:
    """A digest of this package's sources.

    Numba considers a cached kernel current while the time and size of the kernel's own file are unchanged.
    That misses a change in a helper inlined from another file, and file times are unreliable.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_SOURCES = _digest()


def kernel(function: Function) -> Function:
    """Compile `function` on first use, or load it from the cache.

    Without a writable cache directory every process compiles it, which is slow but correct.
    """
    try:
        compiled: Any = njit(cache=True, **_OPTIONS)(function)
        compiled._cache._cache_file._source_stamp = _SOURCES
    except RuntimeError:  # "cannot cache function: no locator available"
        compiled = njit(**_OPTIONS)(function)
    _kernels.append(compiled)
    return cast(Function, compiled)


def cache_directories() -> list[str]:
    """The cache directories of the imported kernels."""
    paths = {compiled.stats.cache_path for compiled in _kernels}
    return sorted(path for path in paths if path)


def specialisations() -> dict[str, int]:
    """The number of argument-type combinations that each kernel was compiled or loaded for."""
    return {
        f"{compiled.__module__}.{compiled.__name__}": len(compiled.signatures)
        for compiled in _kernels
    }


def inlined(function: Function) -> Function:
    """Mark a helper to be compiled into the kernels that call it."""
    marked: Function = register_jitable(_nrt=False)(function)
    return marked


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, bits: int) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), ir.IntType(bits).as_pointer())


def _load64(_typing: Any, array: Any, _index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1], 64)
        return builder.load(pointer, align=1)

    return types.uint64(array, types.intp), generate


load64: Any = intrinsic(_load64)
"""``load64(array, i)``: the eight bytes from ``array[i]`` on, little-endian."""


def _store64(_typing: Any, array: Any, _index: Any, _value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, index, value = arguments
        pointer = _pointer(context, builder, signature.args[0], target, index, 64)
        builder.store(value, pointer, align=1)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint64), generate


store64: Any = intrinsic(_store64)
"""``store64(array, i, value)``: eight bytes, little-endian, from ``array[i]`` on."""


def _move128(_typing: Any, target: Any, _at: Any, source: Any, _start: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, at, array, start = arguments
        read = _pointer(context, builder, signature.args[2], array, start, 128)
        write = _pointer(context, builder, signature.args[0], to, at, 128)
        builder.store(builder.load(read, align=1), write, align=1)
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp), generate


move128: Any = intrinsic(_move128)
"""``move128(target, at, source, start)``: sixteen bytes from one array to another."""


@inlined
def copy(target: Array, at: Int, source: Array, start: Int, length: Int) -> None:
    """Copy `length` bytes, and up to fifteen after them, in steps of sixteen.

    Values are short: a call of memcpy for each would cost more than the copy.
    """
    for done in range(0, length, 16):
        move128(target, at + done, source, start + done)
