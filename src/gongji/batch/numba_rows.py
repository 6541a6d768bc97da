"""The gear between the kernel and Numba: compile the very functions that run online in Python.

The kernel indexes sequences with integers that are never negative. NumPy arrays in Numba check for
negative indexes and are counted references, which costs more than the arithmetic; a **row** is an
array reduced to its address, which the same kernel text indexes as it stands. Rows of different
names never overlap, and constant ones never change while a loop runs; LLVM is told both. Machine
code is kept in the user's cache folder under a hash of the sources, since Numba itself does not
notice when a function that was called has changed.
"""

import hashlib
import inspect
import operator
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numba
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import config
from numba.extending import (
    NativeValue,
    intrinsic,
    lower_builtin,
    models,
    overload,
    register_jitable,
    register_model,
    type_callable,
    typeof_impl,
    unbox,
)

from gongji import units
from gongji.law.kernel import calendar, pour, price

F = TypeVar("F", bound=Callable[..., Any])

NOWHERE = "nowhere"
"""The name of a row that is not there: what is not given or nobody will read is left out."""

KERNEL = (calendar, pour, price)
APART = {pour.undo, pour.pour_tail, pour.pour_guarded}
"""Kernel functions that are seldom reached; inlined they would only crowd the registers."""

OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "_nrt": False,
}


class Row:
    """An array as the compiled loops see it: where it lies, under which name."""

    __slots__ = ("address", "array", "constant", "name")

    def __init__(self, array: npt.NDArray[Any], name: str, constant: bool = False) -> None:
        assert array.flags.c_contiguous, name
        self.array, self.name, self.constant = array, name, constant
        self.address = array.ctypes.data

    def __getitem__(self, index: int) -> int:
        return int(self.array.ravel()[index])

    def __setitem__(self, index: int, value: int) -> None:
        self.array.reshape(-1)[index] = value


class RowType(types.Type):  # type: ignore[misc]
    """The type of a row: its name tells it from the rows that it does not overlap."""

    def __init__(self, name: str, constant: bool, number: Any) -> None:
        self.row, self.constant, self.number = name, constant, number
        super().__init__(f"Row({name}, {constant}, {number})")


@typeof_impl.register(Row)
def _typeof(value: Row, context: Any) -> RowType:
    return RowType(value.name, value.constant, numba.from_dtype(value.array.dtype))


@register_model(RowType)
class _RowModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: RowType) -> None:
        super().__init__(manager, kind, ir.IntType(kind.number.bitwidth).as_pointer())


@unbox(RowType)
def _unbox(kind: RowType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    number = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return NativeValue(c.builder.inttoptr(number, c.context.get_value_type(kind)))


@intrinsic
def after(typing: Any, start: Any, count: Any) -> Any:
    """The row that begins so many numbers after the start of another."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _place(context, builder, signature, args)

    return start(start, count), generate


@intrinsic
def empty(typing: Any, start: Any, index: Any) -> Any:
    """Store a zero, atomically so that LLVM does not call memset for two numbers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature, args)
        zero = ir.Constant(place.type.pointee, 0)
        stored = builder.store_atomic(zero, place, "monotonic", place.type.pointee.width // 8)
        _mark(builder, stored, signature.args[0])
        return context.get_dummy_value()

    return types.none(start, index), generate


@intrinsic
def kept(typing: Any, row: Any) -> Any:
    """Whether a row is there: known when a loop is compiled, so the rest is left out."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.get_constant(types.boolean, signature.args[0].row != NOWHERE)

    return types.boolean(row), generate


@intrinsic
def seldom(typing: Any, condition: Any) -> Any:
    """The condition, with the word to LLVM that it hardly ever holds."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bit = ir.IntType(1)
        expect = builder.module.declare_intrinsic(
            "llvm.expect", [bit], ir.FunctionType(bit, [bit, bit])
        )
        test = context.cast(builder, args[0], signature.args[0], types.boolean)
        return builder.call(expect, [test, ir.Constant(bit, 0)])

    return types.boolean(condition), generate


@intrinsic
def _unsigned(typing: Any, numerator: Any, denominator: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.udiv(*args)

    return types.int64(types.int64, types.int64), generate


@overload(units.divided)
def _divided(numerator, denominator):  # type: ignore[no-untyped-def]
    """Division without the care for signs that LLVM would take."""

    def apply(numerator, denominator):  # type: ignore[no-untyped-def]
        return _unsigned(numerator, denominator)

    return apply


@type_callable(operator.getitem)
def _type_get(context: Any) -> Any:
    def typer(kind: Any, index: Any) -> Any:
        # Whatever is stored, the loops count in 64 bits.
        if isinstance(kind, RowType) and isinstance(index, types.Integer):
            return types.int64
        return None

    return typer


@type_callable(operator.setitem)
def _type_set(context: Any) -> Any:
    def typer(kind: Any, index: Any, value: Any) -> Any:
        if isinstance(kind, RowType) and isinstance(index, types.Integer) and not kind.constant:
            return types.none
        return None

    return typer


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    index = context.cast(builder, args[1], signature.args[1], types.int64)
    return builder.gep(args[0], [index], inbounds=True)


def _mark(builder: Any, instruction: Any, kind: RowType) -> Any:
    """Tell LLVM that rows of different names do not overlap, and which never change."""
    module = builder.module
    if kind.constant:
        instruction.set_metadata("invariant.load", module.add_metadata([]))
    zero = ir.Constant(ir.IntType(64), 0)
    root = module.add_metadata(["gongji rows"])
    name = module.add_metadata([kind.row, root, zero])
    instruction.set_metadata("tbaa", module.add_metadata([name, name, zero]))
    return instruction


@lower_builtin(operator.getitem, RowType, types.Integer)
def _get(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind = signature.args[0]
    loaded = _mark(builder, builder.load(_place(context, builder, signature, args)), kind)
    return context.cast(builder, loaded, kind.number, types.int64)


@lower_builtin(operator.setitem, RowType, types.Integer, types.Integer)
def _set(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind = signature.args[0]
    if kind.row == NOWHERE:
        return context.get_dummy_value()
    value = context.cast(builder, args[2], signature.args[2], kind.number)
    place = _place(context, builder, signature, args)
    _mark(builder, builder.store(value, place), kind)
    return context.get_dummy_value()


def _functions(module: ModuleType) -> list[Callable[..., Any]]:
    found = inspect.getmembers(module, inspect.isfunction)
    return [function for _, function in found if function.__module__ == module.__name__]


for _module in KERNEL:
    for _function in _functions(_module):
        register_jitable(forceinline=_function not in APART, error_model="numpy")(_function)


def _sources_hash() -> str:
    folder = Path(__file__).parent
    files = sorted([*folder.glob("*.py"), *(folder.parent / "law" / "kernel").glob("*.py")])
    digest = hashlib.sha256(numba.__version__.encode())
    for file in [*files, folder.parent / "units.py"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where machine code is kept: under the user's cache folder, by a hash of the sources."""
    base = os.environ.get("GONGJI_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "gongji" / _sources_hash()


def is_compiled() -> bool:
    """Whether machine code of these sources is kept: the first run is slower by its making."""
    return any(cache_folder().rglob("*.nbi"))


def compiled(function: F) -> F:
    """Compile a loop around the kernel when it is first called, and keep the machine code."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder())
    try:
        made: F = numba.njit(cache=_writable(cache_folder()), **OPTIONS)(function)
    finally:
        config.CACHE_DIR = before
    return made


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def inlined(function: F) -> F:
    """A part of a loop, written apart to be read, compiled into its callers."""
    made: F = numba.njit(inline="never", forceinline=True, **OPTIONS)(function)
    return made
