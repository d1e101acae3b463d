"""Jobs that cannot end well, and what they say about it."""

from e2e.goods import Goods
from e2e.jobs import NAME, SECRET, job
from e2e.outcome import failures
from e2e.team import Team
from embtune_api.resources import FineTuneJob
from embtune_api.status import Condition


def test_a_bad_data_set_never_asks_for_a_training(team: Team, goods: Goods) -> None:
    team.apply(job(goods, data={"train": [{"uri": goods.bad_rows, "secretRef": SECRET}]}))
    done = team.wait_for_end(NAME, "Failed")
    assert failures(done) == {"prepare": ["InvalidInput"]}
    failed = _failed(done)
    assert failed.reason == "InvalidInput"
    assert "bad.jsonl" in failed.message
    assert "positive" in failed.message
    assert [child["kind"] for child in team.children(NAME)] == ["Job"]
    team.kubectl("delete", "finetunejob", NAME)


def test_a_training_that_never_has_enough_memory_fails_and_says_what_to_do(team: Team, goods: Goods) -> None:
    team.apply(job(goods, runtime={"nodes": 1, "profile": "too-small", "maxAttempts": 2}))
    done = team.wait_for_end(NAME, "Failed")
    assert failures(done) == {"train": ["OutOfMemory", "OutOfMemory"]}
    failed = _failed(done)
    assert failed.reason == "OutOfMemory"
    assert "its limit is 200Mi" in failed.message
    assert "choose a profile with more memory" in failed.message


def _failed(job: FineTuneJob) -> Condition:
    assert job.status
    (found,) = (condition for condition in job.status.conditions if condition.type == "Failed")
    return found
