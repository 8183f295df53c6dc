"""What is printed of a backtest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from materiel.printing.output import plain, show, titled
from materiel.printing.phrases import counted


def backtested(data: dict[str, Any], drawn: Iterable[Path]) -> None:
    """Print how the methods did at each series, by how far ahead; best first, the baseline to beat marked."""
    for name, said in data["series"].items():
        show(
            plain(
                f"{name}: {counted(said['points'], 'point')} in {said['unit']}, {counted(said['origins'], 'origin')}; learned from {counted(said['learned_from'], 'surge')}"
            )
        )
        for flag in said["flags"]:
            show(plain(f"note: {flag}"))
        table = titled("periods ahead", "method", "CRPS", "below *", "in 50 %", "in 90 %", "median off by", "n")
        for periods, at in said["horizons"].items():
            ranked = sorted(at["methods"].items(), key=lambda item: (item[1]["crps"], item[0]))
            for i, (method, one) in enumerate(ranked):
                shown = f"{method} *" if method == at["best_baseline"] else method
                skill = "" if one["skill"] is None else f"{100 * one['skill']:+.0f} %"
                table.add_row(*map(plain, (
                    periods if i == 0 else "", shown, f"{one['crps']:.4f}", skill, f"{100 * one['coverage50']:.0f} %", f"{100 * one['coverage90']:.0f} %", f"{one['mae']:,.4g}", str(one["n"]),
                )), end_section=i == len(ranked) - 1)  # fmt: skip
        show(table)
        silent = ", ".join(f"{method} at {count}" for method, count in said["skipped"].items() if count)
        if silent:
            show(plain(f"nothing to say at some origins: {silent}"))
    show(plain(f"CRPS of {data['scale']}: lower is better. * the baseline that is best so far ahead over the library of surges."))
    for method, reason in data["left_out"].items():
        show(plain(f"left out: {method}, {reason}"))
    for path in drawn:
        show(plain(f"drawn: {path}"))
