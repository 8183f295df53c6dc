"""Settings of every test of random cases: the same examples on every run, and no deadline, because kernels are compiled on the way.

A failing case is shown as it was found; `--hypothesis-profile=shrink` makes it smaller first, which takes minutes.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("shrink", deadline=None, derandomize=True, suppress_health_check=QUIET)
settings.register_profile("materiel", settings.get_profile("shrink"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("materiel")
