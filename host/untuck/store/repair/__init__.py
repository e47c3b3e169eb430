"""Damage in the session store: found by check.py, saved by rebuild.py."""
