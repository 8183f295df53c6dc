"""One setting for every test of random cases: the same examples on every run, no deadline, because the first kernel is compiled on the way."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("materiel", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
settings.load_profile("materiel")
