"""The exceptions that Untuck raises on purpose, under one root; every message says what happened and what to do.

The command line prints the message of an `UntuckError` as one line and exits with 1; any other exception is a bug.
"""

from __future__ import annotations

import errno

_REASONS = {  # what happened and what to do, in place of the system's own words
    errno.ENOENT: "there is no such file or folder: check the path",
    errno.ENOTDIR: "a part of the path is a file, not a folder: check the path",
    errno.EISDIR: "it is a folder: name a file",
    errno.EEXIST: "there is a file of this name: choose another name",
    errno.EACCES: "you have no permission: check it, or choose another place",
    errno.EPERM: "you have no permission: check it, or choose another place",
    errno.EROFS: "the disk is read-only: choose another place",
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "your share of the disk is full: free some space",
    errno.EFBIG: "the file would be too large: choose another place",
    errno.EIO: "the disk reports an error: check the disk",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.EMFILE: "too many files are open: close other programs",
    errno.ETXTBSY: "another program uses it: close that program",
    errno.EBUSY: "another program uses it: close that program",
}


def reason(error: OSError) -> str:
    """Why a file cannot be read or written, and what to do, in words that need no knowledge of the system."""
    return _REASONS.get(error.errno or 0, "the system rejects it: check the path and the disk")


class UntuckError(Exception):
    """Root of all errors raised on purpose; its text says what happened and what to do.

    Examples
    --------
    >>> import untuck
    >>> try:
    ...     untuck.load("nowhere.npz")
    ... except untuck.UntuckError as error:
    ...     print(error)
    nowhere.npz cannot be read: there is no such file or folder: check the path.
    """


class SamplesError(UntuckError, ValueError):
    """Samples that cannot be used: wrong shape, not finite, time that does not increase."""


class PacketError(UntuckError):
    """Bytes from the clip that are not a valid packet, or have an unknown protocol version."""


class CalibrationError(UntuckError):
    """Standing or hip hinges were not found, or were not good enough."""


class BaselineError(UntuckError):
    """A baseline that cannot be used: too few clean strides, or recorded tucked."""


class TuckedBaselineError(BaselineError):
    """The pelvis does not tip forward of standing: perhaps the baseline was run tucked."""


class LinkError(UntuckError):
    """No adapter, no clip in range, connection lost, or a command rejected by the clip."""


class SettingsError(UntuckError):
    """An invalid setting or session command."""


class StoreError(UntuckError):
    """The session store cannot be read or written."""


class SoundError(UntuckError):
    """There is no sound device to play cues on."""


class ReportError(UntuckError):
    """A page or file of results cannot be written, or a file for merging does not match."""


class FlashError(UntuckError):
    """The board cannot be found, read, written or tested, or an image of MicroPython cannot be used."""


class PhoneError(UntuckError):
    """The page for the phone cannot be built or served: a part of it is absent or damaged."""


class MissingExtraError(UntuckError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""
