"""How far runs are, shown on a terminal while they are made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from materiel.printing.output import plain


class Rate(ProgressColumn):
    """Runs a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before there is one."""
        return plain("" if task.speed is None else f"{task.speed:,.0f} runs/s")


@contextlib.contextmanager
def progress() -> Generator[Callable[[int, int], None]]:
    """Yield what shows how many runs of how many are done, how many a second, and the time left, on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("running", total=None)

        def tell(done: int, whole: int) -> None:
            bar.update(task, completed=done, total=whole)

        yield tell
