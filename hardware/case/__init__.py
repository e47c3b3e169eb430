"""Case and belt clip of the worn clip: parameters, parts, checks and pictures. `python -m hardware.case` builds them.

Axes are the sensor's as worn, in mm: x to the runner's right, y up, z backward, away from the skin. The origin is the
middle of the case's back face.
"""
