"""Compiles the kernels to WebAssembly for the page, into kernels.wasm: `make format` runs this.

numba's own LLVM code of each kernel, after a run of the example, is compiled for wasm32 instead of this computer, with
a function around it that takes numpy's arrays as untuck.kernel_wasm says. It does nothing if the file was made
from the kernels as they are. It depends on numba's internals: tests/phone/test_wasm_kernels.py shows that the results
are those of the plain kernels, and that the file made again is the same.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import Any

from untuck import kernel_wasm
from untuck.errors import PhoneError
from untuck.phone.site.kernels import compiled_kernels, sources_sha256

sys.path.insert(0, str(Path(__file__).resolve().parent))
from wasm_module import library

TRIPLE = "wasm32-unknown-emscripten"
# what every browser that runs Pyodide has; no vectors, no fused multiplication: the order of operations is the source's
FEATURES = "+sign-ext,+mutable-globals,+nontrapping-fptoint,+bulk-memory"
NO_VECTORS = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""} | dict.fromkeys(
    ("NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE"), "0"
)
PREFIX = "kernel_"
# numpy's PyArrayObject and PyArray_Descr where a pointer has 32 bits: offsets, and what an array must have there
DATA, DIMENSIONS, SHAPE, DESCRIPTION, FLAGS = 8, 12, 16, 28, 32
BYTE_ORDER, TYPE_NUMBER = 14, 16
IN_ORDER = 0x101  # C contiguous and aligned
NATIVE, DOUBLE = ord("="), 12


def main() -> int:
    """Write the file if it is absent or older than the kernels."""
    try:
        compiled_kernels()
    except (PhoneError, OSError):
        kernel_wasm.FILE.write_bytes(made())
    return 0


def made() -> bytes:
    """The file's content. Loads numba, which must not be loaded yet."""
    assert "numba" not in sys.modules
    with tempfile.TemporaryDirectory() as nothing_cached:
        os.environ.update(NO_VECTORS, NUMBA_CACHE_DIR=nothing_cached, NUMBA_DISABLE_JIT="0")
        import untuck
        from untuck.motion.jit import ENTRIES

        untuck.analyse(untuck.example())
        kernels = sorted((entry._dispatcher for entry in ENTRIES), key=lambda each: each.py_func.__name__)
        return compiled([each for each in kernels if each.signatures])


def compiled(kernels: Iterable[Any]) -> bytes:
    """These kernels of numba as a library."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(
        cpu="mvp", features=FEATURES, opt=2, reloc="pic", codemodel="default"
    )
    whole = llvm.parse_assembly("")
    for kernel in kernels:
        whole.link_in(optimised(kernel, machine))
    return library(machine.emit_object(whole), PREFIX, {"untuck.sources": sources_sha256()})


def optimised(kernel: Any, machine: Any) -> Any:
    """LLVM module of a kernel and the function around it, without what numba adds for CPython."""
    import llvmlite.binding as llvm

    (signature,) = kernel.overloads  # one signature each, as everywhere
    result = kernel.overloads[signature]
    name = result.fndesc.llvm_func_name
    module = llvm.parse_assembly(for_wasm(result.library.get_llvm_str(), machine))
    for function in module.functions:
        if not function.is_declaration:
            function.linkage = "external" if function.name == name else "internal"
    around = callable_function(kernel.py_func.__name__, name, signature, result.signature.return_type)
    around.triple, around.data_layout = TRIPLE, str(machine.target_data)
    module.link_in(llvm.parse_assembly(str(around)))
    module.get_function(name).linkage = "internal"
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    passes = llvm.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    return module


def for_wasm(text: str, machine: Any) -> str:
    """LLVM assembly for this computer, changed to the other machine."""
    text = re.sub(r"^target datalayout.*$", f'target datalayout = "{machine.target_data}"', text, flags=re.M)
    text = re.sub(r"^target triple.*$", f'target triple = "{TRIPLE}"', text, flags=re.M)
    text = re.sub(r'"(target-cpu|target-features|probe-stack|tune-cpu)"="[^"]*"', "", text)
    return re.sub(r"= common (local_unnamed_addr )?global", "= internal global", text)


def callable_function(name: str, inner_name: str, arguments: tuple[Any, ...], returns: Any) -> Any:
    """A function of addresses of arrays, int32 and double, that calls numba's; it returns a double."""
    from llvmlite import ir
    from numba import types

    double, address, long = ir.DoubleType(), ir.PointerType(), ir.IntType(64)
    module = ir.Module()
    builder_types = [address if _is_array(a) else ir.IntType(32) if a == types.int64 else double for a in arguments]
    function = ir.Function(module, ir.FunctionType(double, builder_types), PREFIX + name)
    builder = ir.IRBuilder(function.append_basic_block())
    fits = ir.Constant(ir.IntType(1), 1)
    for argument, value in zip(arguments, function.args, strict=True):
        if _is_array(argument):
            fits = builder.and_(fits, _fits(builder, value, argument.ndim))
    with builder.if_then(builder.not_(fits)):
        builder.ret(ir.Constant(double, -inf))
    result, error = builder.alloca(long), builder.alloca(address)
    passed: list[Any] = [result, error]
    for argument, value in zip(arguments, function.args, strict=True):
        if _is_array(argument):
            passed += _as_numba_has_it(builder, value, argument.ndim)
        else:
            passed.append(builder.sext(value, long) if argument == types.int64 else value)
    inner_type = ir.FunctionType(ir.IntType(32), [each.type for each in passed])
    builder.call(ir.Function(module, inner_type, inner_name), passed)
    if returns == types.none:
        builder.ret(ir.Constant(double, 0.0))
    elif returns == types.float64:
        builder.ret(builder.load(result, typ=double))
    else:
        whole = builder.load(result, typ={types.int64: long, types.boolean: ir.IntType(8)}[returns])
        builder.ret(builder.sitofp(whole, double))
    return module


def _is_array(argument: Any) -> bool:
    return hasattr(argument, "ndim")


def _field(builder: Any, address: Any, offset: int, kind: Any) -> Any:
    from llvmlite import ir

    place = builder.gep(address, [ir.Constant(ir.IntType(32), offset)], source_etype=ir.IntType(8))
    return builder.load(place, typ=kind)


def _fits(builder: Any, array: Any, dimensions: int) -> Any:
    """Whether an array of numpy is of native doubles, contiguous, with so many dimensions."""
    from llvmlite import ir

    word, byte = ir.IntType(32), ir.IntType(8)
    description = _field(builder, array, DESCRIPTION, ir.PointerType())
    flags = builder.and_(_field(builder, array, FLAGS, word), ir.Constant(word, IN_ORDER))
    wanted = (
        (_field(builder, array, DIMENSIONS, word), dimensions),
        (flags, IN_ORDER),
        (_field(builder, description, TYPE_NUMBER, word), DOUBLE),
        (_field(builder, description, BYTE_ORDER, byte), NATIVE),
    )
    fits = ir.Constant(ir.IntType(1), 1)
    for value, want in wanted:
        fits = builder.and_(fits, builder.icmp_unsigned("==", value, ir.Constant(value.type, want)))
    return fits


def _as_numba_has_it(builder: Any, array: Any, dimensions: int) -> list[Any]:
    """The parts of an array in the order of numba: two owners, size, bytes of an item, data, shape, strides."""
    from llvmlite import ir

    long, address = ir.IntType(64), ir.PointerType()
    item, nobody = ir.Constant(long, 8), ir.Constant(address, None)
    place = _field(builder, array, SHAPE, address)
    shape = [builder.zext(_field(builder, place, 4 * j, ir.IntType(32)), long) for j in range(dimensions)]
    strides = [item]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    size = builder.sdiv(builder.mul(strides[0], shape[0]), item)
    return [nobody, nobody, size, item, _field(builder, array, DATA, address), *shape, *strides]


if __name__ == "__main__":
    sys.exit(main())
