"""What the page may do: the headers of every answer, and the part of them that a page can state itself.

Only the site's own files, no script or style inside the page, no connection to anybody. A static host needs to set
none of this: the page states its policy, and the service worker adds the headers from the second load on.
"""

from __future__ import annotations

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",  # Python is WebAssembly
    "worker-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "media-src": "'self' blob:",  # the quiet sound that keeps a page awake is made by the page
    "font-src": "'self'",
    "manifest-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
_NO_FRAME = {"frame-ancestors": "'none'"}  # a page cannot state this one itself
_FEATURES = ("bluetooth", "camera", "screen-wake-lock", "autoplay")  # camera: QR codes of a profile
_REFUSED = ("geolocation", "microphone", "payment", "usb", "serial", "hid", "accelerometer", "gyroscope")


def _policy(parts: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in parts.items())


PAGE_POLICY = _policy(_POLICY)  # for <meta http-equiv="Content-Security-Policy">
HEADERS = {
    "Content-Security-Policy": _policy(_POLICY | _NO_FRAME),
    "Permissions-Policy": ", ".join([f"{name}=(self)" for name in _FEATURES] + [f"{name}=()" for name in _REFUSED]),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
TYPES = {  # of the site's files, by the end of their names; systems differ in what they know
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ogg": "audio/ogg",
    ".whl": "application/zip",
    ".zip": "application/zip",
}
