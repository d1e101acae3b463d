"""What came of a job, so that two jobs with the same spec in two namespaces can be compared: the projection, without what
names the one job: its uid, and digests that are made of it.
"""

import json

from embtune_api.resources import FineTuneJob
from embtune_store.protocol import Store
from support.projection import Projection, projection


def outcome(store: Store, job: FineTuneJob) -> Projection:
    found: Projection = json.loads(json.dumps(projection(store, job)).replace(job.metadata.uid, "its uid"))
    for version in found["versions"].values():
        del version["made by"], version["data"]["digest"]
    return found


def failures(job: FineTuneJob) -> dict[str, list[str]]:
    """Step → the reasons of its failed attempts, oldest first."""
    found: dict[str, list[str]] = {}
    for attempt in job.status.attempts if job.status else ():
        if attempt.state == "Failed":
            found.setdefault(attempt.step, []).append(str(attempt.reason))
    return found
