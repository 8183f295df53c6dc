"""Component types, one file each; every module of this folder and every `materiel.components` entry point is imported here."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
for _plugin in sorted(entry_points(group="materiel.components"), key=lambda entry: entry.name):
    _plugin.load()
