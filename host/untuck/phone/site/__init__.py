"""Builds and serves the static site of the phone's page."""
