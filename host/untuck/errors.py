"""What can go wrong, as few types under one root: every message says what happened and what to do about it.

The command line prints the message of an `UntuckError` as one line and exits with 1; anything else is a bug.
All exceptions that Untuck raises on purpose live here.
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
    """Samples that cannot be used: wrong shape, not finite, time running backwards."""


class PacketError(UntuckError):
    """Bytes from the clip that are no valid packet, or speak another protocol version."""


class CalibrationError(UntuckError):
    """Standing still or hip hinges were not found, or not good enough."""


class BaselineError(UntuckError):
    """A baseline that cannot serve: too few clean strides, or recorded tucked."""


class TuckedBaselineError(BaselineError):
    """The pelvis does not tip forward of standing: perhaps the baseline was run tucked."""


class LinkError(UntuckError):
    """No adapter, no clip in range, connection lost, or the clip refused a command."""


class SettingsError(UntuckError):
    """A setting, or something asked for during a session, that cannot be."""


class StoreError(UntuckError):
    """The session store cannot be read or written."""


class SoundError(UntuckError):
    """There is no sound device to play cues on."""


class ReportError(UntuckError):
    """A page or file of results cannot be made or written, or a file to be merged into does not fit."""


class MissingExtraError(UntuckError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""
