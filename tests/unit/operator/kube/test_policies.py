"""What a step's policy names."""

from embtune_api.keys import LineKeys
from embtune_api.mine import Mine
from embtune_api.replay import Replay
from embtune_api.replayed import Replayed
from embtune_api.requests import PrepareRequest, TrainRequest
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


def test_trainings_of_candidates_may_read_the_version_that_another_one_starts_from() -> None:
    """They share their credentials, whichever of them is first."""
    plain = a_request(a_cluster_job(), "train")
    assert isinstance(plain, TrainRequest)
    version = plain.line_keys.version(3).model
    staged = plain.base.model_copy(update={"prefix": plain.job_keys.step("prepare", "a" * 64).base_model("b" * 64)})
    first = plain.model_copy(update={"candidate": "other", "base": staged, "others_base": version})
    assert policy_for(first).count(f"{version}/*") == 1
    second = first.model_copy(update={"base": plain.base.model_copy(update={"prefix": version})})
    assert policy_for(second) == policy_for(first)
    assert version not in policy_for(plain)
