"""`materiel resume`: finish a run that was stopped."""

from __future__ import annotations

from materiel import console
from materiel.commands.arguments import Chunk, ClusterOption, Json, Kept


def resume(folder: Kept, chunk: Chunk = 1024, cluster: ClusterOption = "", as_json: Json = False) -> None:
    """Finish a run that was stopped or killed: draws that its folder keeps are not run again."""
    with console.told(as_json=as_json):
        from materiel import reproduction
        from materiel.printing.run import finished

        with console.cluster(cluster) as client, console.progress(as_json) as report:
            done = reproduction.resume(folder, report, client, chunk)
        finished(done, None, as_json)
