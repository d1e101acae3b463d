"""Progress is for people to watch: work goes on when nobody can."""

from embtune_api.errors import StoreError
from embtune_api.status import Progress
from embtune_store import documents, open_store
from embtune_trainer.progress import progress_writer
from support.failing import Faults, failing_store


def test_a_store_that_takes_no_progress_for_a_while_stops_no_work() -> None:
    store = open_store("memory://")
    faults = Faults(lambda number, _: number == 0, StoreError)
    report = progress_writer(failing_store(store, faults), "progress.json", every=0)
    report(Progress(percent=10))
    assert not store.exists("progress.json")
    report(Progress(percent=20))
    assert documents.read(store, "progress.json", Progress) == Progress(percent=20)
