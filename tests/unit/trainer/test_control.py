"""A training is asked to stop in the store, which may be away for a while."""

import pytest

from embtune_api.errors import StoreError
from embtune_api.keys import JobKeys
from embtune_api.requests import Control
from embtune_store import documents, open_store
from embtune_trainer.train import worker
from support.failing import Faults, failing_store


def test_a_store_that_does_not_answer_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CONTROL_SECONDS", 0.0)
    store, keys = open_store("memory://"), JobKeys("search", "shop-1", "uid").step("train", "0" * 64)
    documents.put(store, keys.control, Control(action="checkpoint-and-stop"))
    stop = worker._or_control(lambda: False, failing_store(store, Faults(lambda number, _: number == 0, StoreError)), keys)
    assert not stop()
    assert stop()
