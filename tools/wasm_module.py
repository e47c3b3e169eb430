"""Makes a WebAssembly module that a running program can load out of one object file of LLVM.

An object file is a module already, if all its functions are in it and it has no data: what is absent is the list of
exports, the section by which a loader knows a library, and the usual name of the memory. Other object files need a
linker and are rejected. https://github.com/WebAssembly/tool-conventions has both formats.
"""

from __future__ import annotations

from collections.abc import Iterator

_CUSTOM, _IMPORT, _EXPORT, _CODE, _DATA, _ELEMENT = 0, 2, 7, 10, 11, 9
_MAGIC = b"\0asm\1\0\0\0"
_SYMBOLS = 8  # kind of the subsection of "linking"
_FUNCTION, _GLOBAL = 0, 2  # kinds of symbols
_UNDEFINED, _NAMED = 0x10, 0x40
_NO_MEMORY_OF_ITS_OWN = bytes((1, 4, 0, 0, 0, 0))  # no data and no table either


def library(object_file: bytes, prefix: str, extra: dict[str, bytes]) -> bytes:
    """The module with the functions whose names start with a prefix exported, without it.

    extra: custom sections by name, written at the end. Raises ValueError for an object file that needs a linker.
    """
    sections = list(_sections(object_file))
    if any(kind in (_DATA, _ELEMENT) for kind, _, _ in sections):
        raise ValueError("the object file has data or a table, so it needs a linker")
    linking = next(body for _, name, body in sections if name == b"linking")
    exports = {name: at for name, at in _functions(linking) if name.startswith(prefix.encode())}
    listed = b"".join(_text(name[len(prefix) :]) + b"\0" + _number(at) for name, at in sorted(exports.items()))
    made = _MAGIC + _section(_CUSTOM, _text(b"dylink.0") + _NO_MEMORY_OF_ITS_OWN)
    for kind, _, body in sections:
        if kind == _CODE:
            made += _section(_EXPORT, _number(len(exports)) + listed)
        if kind == _IMPORT:
            body = body.replace(_text(b"__linear_memory"), _text(b"memory"))
        if kind != _CUSTOM:
            made += _section(kind, body)
    return made + b"".join(custom_section(name, data) for name, data in extra.items())


def custom_section(name: str, data: bytes) -> bytes:
    """A section that only those read who know its name."""
    return _section(_CUSTOM, _text(name.encode()) + data)


def _sections(module: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Kind, name of a custom one, and content of each section."""
    at = len(_MAGIC)
    while at < len(module):
        kind = module[at]
        size, at = _read_number(module, at + 1)
        body, at, name = module[at : at + size], at + size, b""
        if kind == _CUSTOM:
            name, begin = _read_text(body, 0)
            body = body[begin:]
        yield kind, name, body


def _functions(linking: bytes) -> Iterator[tuple[bytes, int]]:
    """Name and index of each function that the object file defines."""
    at = 1  # behind the version
    while at < len(linking):
        kind = linking[at]
        size, at = _read_number(linking, at + 1)
        end = at + size
        if kind == _SYMBOLS:
            count, at = _read_number(linking, at)
            for _ in range(count):
                symbol = linking[at]
                flags, at = _read_number(linking, at + 1)
                if symbol not in (_FUNCTION, _GLOBAL):
                    raise ValueError(f"the object file has a symbol of kind {symbol}, so it needs a linker")
                index, at = _read_number(linking, at)
                if not flags & _UNDEFINED or flags & _NAMED:
                    name, at = _read_text(linking, at)
                    if symbol == _FUNCTION and not flags & _UNDEFINED:
                        yield name, index
        at = end


def _section(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + _number(len(body)) + body


def _text(value: bytes) -> bytes:
    return _number(len(value)) + value


def _number(value: int) -> bytes:
    """Unsigned LEB128."""
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes((*made, value))


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """A number of unsigned LEB128, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            return value, at


def _read_text(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = _read_number(data, at)
    return data[at : at + size], at + size
