"""The train step as a pod runs it: PID 1, a read-only root, a session that is revoked while it trains."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embtune_api.credentials import FOLDER_VARIABLE
from embtune_api.errors import Exit
from embtune_api.requests import TrainRequest
from embtune_operator.kube.policies import policy_for
from embtune_store import folders, open_store
from servers.fixtures import reach
from servers.minio_sessions import mount, new_session, revoke_sessions, with_user
from servers.s3_server import S3Server
from support.processes import kill_tree, wait_until
from support.trainer import TrainingRun, a_training

from .test_training import RECIPE

pytestmark = pytest.mark.skipif(not shutil.which("unshare") or os.geteuid() != 0, reason="needs root and unshare")
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && ! touch "$0/../probe" && exec "$@"'
"""All but the folder that is named first, which stands for /tmp."""


def in_s3(local: TrainingRun, uri: str) -> TrainingRun:
    """The same training, in a bucket."""
    store = open_store(uri)
    request = local.request.model_copy(update={"store": uri})
    store.put(request.rows.key, local.store.get(request.rows.key))
    folder = local.store.local_path(request.base.prefix)
    assert folder is not None
    folders.upload_folder(store, folder, request.base.prefix)
    return TrainingRun(store, request)


def start_pod(request: TrainRequest, scratch: Path, mounted: Path) -> subprocess.Popen[bytes]:
    (scratch / "tmp").mkdir()
    file = scratch / "request.json"
    file.write_text(request.model_dump_json())
    environ = {name: value for name, value in os.environ.items() if name not in {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}}
    environ |= {
        FOLDER_VARIABLE: str(mounted),
        "HOME": str(scratch / "tmp"),
        "TMPDIR": str(scratch / "tmp"),
        "EMBTUNE_CACHE": str(scratch / "tmp" / "cache"),
        "EMBTUNE_TERMINATION_LOG": str(scratch / "tmp" / "message"),
        "OMP_NUM_THREADS": "1",
    }
    step = [sys.executable, "-m", "embtune_trainer", "train", "--request", str(file)]
    command = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child", "--", "sh", "-c", READ_ONLY]
    with (scratch / "log").open("wb") as log:
        return subprocess.Popen([*command, str(scratch / "tmp"), *step], env=environ, stdout=log, stderr=log)


def test_a_training_outlives_the_session_that_it_began_with(
    minio: S3Server, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = a_training(tmp_path / "store", tiny_model, pairs, RECIPE.model_copy(update={"epochs": 40, "checkpoint_steps": 20}))
    training, user = in_s3(local, reach(minio, monkeypatch)), with_user(minio)
    policy = policy_for(training.request)
    mounted = mount(tmp_path / "mounted", new_session(user, policy))
    pod = start_pod(training.request, tmp_path, mounted)
    try:
        wait_until(lambda: pod.poll() is not None or training.has_begun(), 300, 0.05)
        assert pod.poll() is None, (tmp_path / "log").read_text()
        revoke_sessions(minio, user)
        time.sleep(5)  # a kubelet is slow
        assert pod.poll() is None, "it waits for the new session"
        mount(tmp_path / "mounted", new_session(user, policy))
        assert pod.wait(300) == Exit.OK, (tmp_path / "log").read_text()
    finally:
        kill_tree(pod.pid)
        pod.wait()
    assert training.report.total_steps == 600
    assert training.report.resumed_from_step is None, "it never began anew"
    folders.verify(training.store, training.keys.root, training.manifest.files)
