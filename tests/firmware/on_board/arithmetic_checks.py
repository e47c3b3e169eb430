# Arithmetic of a 32-bit board: the functions that firmware rewritten by emulate_32bit.py calls. As a script it runs
# another with them. Arguments: name of that script, its arguments. Prints a last line of JSON: by place, the largest
# integers that a board would allocate or that overflow in viper code; and the places that computed with floats.

import json
import sys
from array import array

import micropython

_SMALL = 1 << 30  # small integers on 32 bits: -2^30 to 2^30 - 1
_WORD = 1 << 31

too_large = {}
floats = set()
_single = array("f", [0.0])


@micropython.native
def number(value, place):
    """The result of an operation in bytecode or native code."""
    kind = type(value)
    if kind is int:
        if not -_SMALL <= value < _SMALL:
            _note(value, place)
    elif kind is float:
        floats.add(place)
        _single[0] = value
        return _single[0]
    return value


@micropython.native
def viper(value, place):
    """The result of an operation in viper code, which has 32 bits."""
    if -_WORD <= value < _WORD:
        return value
    _note(value, place)
    return ((value + _WORD) & (2 * _WORD - 1)) - _WORD


def _note(value, place):
    if abs(value) > abs(too_large.get(place, 0)):
        too_large[place] = value


if __name__ == "__main__":
    import arithmetic_checks as checks

    sys.argv[:] = sys.argv[1:]
    __import__(sys.argv[0])
    print(json.dumps({"too_large": checks.too_large, "floats": list(checks.floats)}))
