"""Random faults between sensor and disk; every sample that the sensor measured is accounted for."""
