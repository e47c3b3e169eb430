"""The compiled kernels of the page: the file that is packaged, if it was made from the kernels as they are.

tools/wasm_kernels.py makes it, with the checksum of its sources at its end.
"""

from __future__ import annotations

import hashlib

from untuck import kernel_wasm
from untuck.errors import PhoneError

MOTION = kernel_wasm.FILE.with_name("motion")


def sources_sha256() -> bytes:
    """Hash of all modules with kernels; they in turn hold checksums of what else is compiled into them."""
    texts = {path.relative_to(MOTION).as_posix(): path.read_bytes() for path in MOTION.rglob("*.py")}
    kernels = {name: text for name, text in sorted(texts.items()) if b"\nfrom untuck.motion.jit import " in text}
    digest = hashlib.sha256()
    for name, text in kernels.items():
        digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.digest()


def compiled_kernels() -> bytes:
    """The file for the page. Raises PhoneError if a kernel has changed since it was made."""
    data = kernel_wasm.FILE.read_bytes()
    if not data.endswith(sources_sha256()):
        raise PhoneError("kernels.wasm is older than the kernels: run `make format`, or install Untuck again.")
    return data
