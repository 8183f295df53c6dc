"""Cases of visitors: a folder or a zip, picked or dropped; problems at their lines."""

from __future__ import annotations

import shutil
import zipfile

import app_steps as steps
import pytest
from stock import CASE  # noqa: F401  # replaced below

pytestmark = pytest.mark.web
