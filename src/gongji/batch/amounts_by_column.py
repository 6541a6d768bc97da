"""Amounts that are floats or decimals, read as whole columns and written as whole columns.

What a column cannot tell for certain (a third decimal, a number without end) is left to who reads
value by value, so that both give the same amount or the same refusal.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gongji.batch.loops import ABSENT
from gongji.units import FEN_PER_YUAN, MAX_FEN

I64 = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]
_DECIMALS = 2
_HALVES = 2
"""A decimal of 128 bits is two whole numbers of 64."""


def read_floats(array: pa.Array, unit: str) -> tuple[I64, Bits]:
    """Fen of floats, and which of them were read: those that are the nearest to a whole fen.

    Units:   `unit` is yuan or fen; ABSENT where nothing stands, which counts as read.
    """
    scale = FEN_PER_YUAN if unit == "yuan" else 1
    values = pc.fill_null(array.cast(pa.float64()), 0.0).to_numpy()
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.rint(values * scale)
        # A text of fifteen digits says the same amount only of the float that is nearest to it.
        good = (whole / scale == values) & (whole >= 0) & (whole <= MAX_FEN)
    fen = np.where(good, whole, 0.0).astype(np.int64)
    return _with_nothing(array, fen, good)


def read_decimals(array: pa.Array, unit: str) -> tuple[I64, Bits]:
    """Fen of decimals, and which of them were read: those without a fraction of a fen.

    Units:   as `read_floats`.
    """
    kind = pa.decimal128(38, _DECIMALS if unit == "yuan" else 0)
    exact: Bits | None = None
    try:
        same = array.cast(kind)
    except pa.ArrowInvalid:
        try:
            same = array.cast(kind, safe=False)
            back = pc.equal(same.cast(pa.decimal256(76, 38)), array.cast(pa.decimal256(76, 38)))
        except pa.ArrowInvalid:
            return np.zeros(len(array), np.int64), np.zeros(len(array), bool)
        exact = pc.fill_null(back, True).to_numpy(zero_copy_only=False)
    low, high = _halves(same)
    good = (high == 0) & (low >= 0) & (low <= MAX_FEN)
    if exact is not None:
        good &= exact
    return _with_nothing(array, np.where(good, low, 0), good)


def _halves(array: pa.Array) -> tuple[I64, I64]:
    held = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, _HALVES)
    held = held[array.offset : array.offset + len(array)]
    return held[:, 0], held[:, 1]


def _with_nothing(array: pa.Array, fen: I64, good: Bits) -> tuple[I64, Bits]:
    """The same with ABSENT where nothing stands."""
    if array.null_count:
        nothing = array.is_null().to_numpy(zero_copy_only=False)
        fen = np.where(nothing, ABSENT, fen)
        good = good | nothing
    return fen, good


def decimals_of(fen: pa.Array) -> pa.Array:
    """Fen as decimals of yuan with two places."""
    numbers = pc.fill_null(fen, 0).to_numpy() if fen.null_count else fen.to_numpy()
    halves = np.empty((len(numbers), _HALVES), np.int64)
    halves[:, 0] = numbers
    halves[:, 1] = numbers >> 63
    return pa.Array.from_buffers(
        pa.decimal128(18, _DECIMALS), len(numbers), [_validity(fen), pa.py_buffer(halves)]
    )


def floats_of(fen: pa.Array) -> pa.Array:
    """Fen as floats of yuan, each the nearest there is."""
    numbers = pc.fill_null(fen, 0).to_numpy() if fen.null_count else fen.to_numpy()
    mask = fen.is_null().to_numpy(zero_copy_only=False) if fen.null_count else None
    return pa.array(numbers / FEN_PER_YUAN, mask=mask)


def _validity(array: pa.Array) -> pa.Buffer | None:
    if not array.null_count:
        return None
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    return pa.py_buffer(np.packbits(valid, bitorder="little"))
