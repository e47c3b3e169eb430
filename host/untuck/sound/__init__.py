"""Cues and spoken guidance: sounds as pure samples, a mixer, and a player on the sound device."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())  # no output unless the program configures logging
