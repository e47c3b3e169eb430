"""A walk through a new clip, part by part, for `untuck doctor --clip`: check.py goes through the steps of steps.py."""
