"""Whether a given cluster is changed: only when its context is named twice."""

from pathlib import Path

import pytest

from cluster.given import Given


@pytest.mark.parametrize(
    ("context", "allowed", "told"),
    [
        pytest.param("production", "production", "", id="a context that is named twice is meant"),
        pytest.param("production", "", "ALLOW_CONTEXT=production", id="a context that is named once is refused"),
        pytest.param("production", "staging", "ALLOW_CONTEXT=production", id="another one that is allowed does not help"),
        pytest.param("", "", "CONTEXT=name", id="the current context is never assumed"),
        pytest.param("", "production", "CONTEXT=name", id="to allow one is not to choose it"),
    ],
)
def test_a_given_cluster_is_changed_only_when_it_is_meant(tmp_path: Path, context: str, allowed: str, told: str) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("{}")
    refusal = Given(kubeconfig, context, allowed, "minio", "").refusal()
    assert told in refusal
    assert bool(refusal) == bool(told)


def test_a_kubeconfig_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert str(tmp_path / "none") in Given(tmp_path / "none", "kind", "kind", "minio", "").refusal()
