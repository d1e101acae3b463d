"""What a step's policy names."""

from embtune_api.keys import LineKeys
from embtune_api.mine import Mine
from embtune_api.replay import Replay
from embtune_api.replayed import Replayed
from embtune_api.requests import PrepareRequest
from embtune_operator.kube.policies import policy_for
from factories import a_file
from support.kube_children import a_cluster_job, a_request


def test_a_prepare_that_archives_may_keep_data_and_no_other() -> None:
    plain = a_request(a_cluster_job(), "prepare")
    assert isinstance(plain, PrepareRequest)
    assert plain.data
    keeping = plain.model_copy(update={"data": plain.data.model_copy(update={"archive": True})})
    assert policy_for(keeping).count(f"{plain.line_keys.root}/data/*") == 1
    assert f"{plain.line_keys.root}/data" not in policy_for(plain)


def test_a_prepare_that_replays_another_line_may_read_those_rows_and_no_others() -> None:
    plain = a_request(a_cluster_job(), "prepare")
    assert isinstance(plain, PrepareRequest)
    assert plain.data
    other = LineKeys(plain.namespace, "blog")
    replaying = plain.model_copy(
        update={
            "data": plain.data.model_copy(update={"replay": Replay()}),
            "replayed": Replayed(model="blog", rows=a_file(other.archive("a" * 64))),
        }
    )
    policy = policy_for(replaying)
    assert policy.count(other.root) == policy.count(other.archive("a" * 64)) == 1
    assert policy.count(f"{plain.line_keys.root}/data/*") == 1, "where its own are kept"


def test_a_prepare_that_mines_may_keep_vectors_and_no_other() -> None:
    plain = a_request(a_cluster_job(), "prepare")
    assert isinstance(plain, PrepareRequest)
    assert plain.data
    mining = plain.model_copy(update={"data": plain.data.model_copy(update={"mine": Mine()})})
    assert policy_for(mining).count(f"{plain.line_keys.root}/embeddings/*") == 2, "written, and listed"
    assert "embeddings" not in policy_for(plain)
