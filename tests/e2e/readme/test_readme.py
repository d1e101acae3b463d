"""README's Kubernetes section, word by word: each command as it stands there, by a shell in a fresh terminal.

Run by itself (`make e2e` does): it installs embtune as the README says, and takes away what it made.
"""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from cluster.fixtures import Node, node
from e2e.example import OPERATOR_NAMESPACE, TENANT_NAMESPACE
from e2e.team import say
from support.chart import ROOT

__all__ = ["node"]
SECONDS = 1200


@pytest.fixture
def clean_cluster(node: Node) -> Iterator[Node]:
    yield node
    shell("helm uninstall embtune --namespace embtune-system --wait", node)
    for namespace in (TENANT_NAMESPACE, OPERATOR_NAMESPACE):
        node.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=240s")


def test_the_kubernetes_section_works_as_it_stands(clean_cluster: Node) -> None:
    (commands,) = re.findall(r"## On Kubernetes\n.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    said = shell(f"set -e\n{commands}", clean_cluster)
    say(said)
    (job,) = re.findall(r"^finetunejob\S*/tldr-search-1 .*$", said, re.MULTILINE)[-1:]
    assert [word in job for word in ("Succeeded", "Passed", "Production")] == [True] * 3, job
    (version,) = re.findall(r"^modelversion\S*/tldr-search-v1 .*$", said, re.MULTILINE)[-1:]
    assert "Production" in version
    assert "✗" not in said, "doctor found something wrong"
    assert "tldr-search v1 is in production" in said or "tldr-search v1 went to production" in said


def shell(script: str, node: Node) -> str:
    """What a person would see, both streams together."""
    environ = {name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "EMBTUNE_STORE")}
    environ |= {"KUBECONFIG": str(node.kubeconfig), "PATH": f"{ROOT}/.cache/bin:{ROOT}/.venv/bin:{environ['PATH']}"}
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, f"exit code {ended.returncode}:\n{ended.stdout}"
    return ended.stdout
