"""Settings of every test of random cases: the same examples on every run, and no deadline, because kernels are compiled on the way.

A failing case is shown as it was found; `--hypothesis-profile=shrink` makes it smaller first, which takes minutes.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("shrink", deadline=None, derandomize=True, suppress_health_check=QUIET)
settings.register_profile("materiel", settings.get_profile("shrink"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("materiel")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have recorded as `shown`, also where they pass and whichever process ran them."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "shown":
                terminalreporter.write_line(str(value))
