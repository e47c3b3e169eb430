"""Makes this folder win over a `tests` package that a dependency may bring along (garmin-fit-sdk does)."""
