"""Run the backtest over the library of surges, print its tables, and write the page and the table of baselines that are made from it: `make backtest`."""

from __future__ import annotations

import sys
from pathlib import Path

from materiel.surges import folds, groups, library, methods, summary

PAGE = Path(__file__).parent / "findings" / "surges.md"

_TOP = """# Surges: how well anybody could have known

Made by `make backtest` from the [library of surges](../surges.md): {count} series of {points} figures, {groups} countries at war, {wars} wars. From every origin with
three figures behind it, each method forecasts up to six periods ahead with only what came before. Scores are CRPS of {scale}: lower is
better. Beside them stands the share of outcomes within 90 % ranges. *Below the best baseline by*: the baseline is chosen for each group by all other groups; in brackets the middle 90 % over groups drawn anew,
pairs kept. The last rows hold our methods against the baseline that was best of all, which nobody could have chosen beforehand.

"""


def main() -> int:
    """Print and write everything; exit with 1 where a baseline cannot run here, since the tables would lack it."""
    there, lacking = methods.available()
    if lacking:
        sys.stderr.write(f"not installed: {', '.join(one.needs for one in lacking)}; pip install 'materiel[backtest]'\n")
        return 1
    surges = library.surges()
    baselines = folds.score_baselines(surges, there)
    headline = folds.run(surges, groups.country_and_war, baselines)
    stress = folds.run(surges, groups.whole_war, baselines)
    text = _TOP.format(
        count=len(surges), points=sum(len(one.series.points) for one in surges), groups=len({one.group for one in surges}), wars=len({one.war for one in surges}), scale=summary.SCALE,
    )  # fmt: skip
    text += "## Country and war left out\n\n" + "\n".join(summary.table(headline))
    text += "\n\n## Whole war left out\n\n" + "\n".join(summary.table(stress))
    text += "\n\n## Where\n\nCountry and war left out, all horizons together.\n\n" + "\n".join(summary.where(headline, surges))
    silent = ", ".join(f"{name} {count}" for name, count in headline.marked.skipped.items())
    text += f"\n\nOrigins at which a method had nothing to say, itself or by what it falls back to: {silent}.\n"
    sys.stdout.write(text)
    PAGE.write_text(text, encoding="utf-8")
    (library.FOLDER / "baselines.csv").write_text(summary.baselines(headline), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
