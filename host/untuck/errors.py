"""The exceptions that Untuck raises on purpose, under one root; every message says what happened and what to do.

The command line prints the message of an `UntuckError` as one line and exits with 1; any other exception is a bug.
"""

from __future__ import annotations


class UntuckError(Exception):
    """Root of all errors raised on purpose; its text says what happened and what to do.

    Examples
    --------
    >>> import untuck
    >>> try:
    ...     untuck.load("nowhere.npz")
    ... except untuck.UntuckError as error:
    ...     print(error)
    nowhere.npz cannot be read (No such file or directory).
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


class MissingExtraError(UntuckError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""
