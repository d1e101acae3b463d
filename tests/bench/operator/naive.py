"""The naive operator: what one writes in an afternoon with kopf's tutorial at hand.

A handler makes the first Job of a FineTuneJob, a timer looks at it every few seconds and makes the next one. No store, no
versions, no gates, no retries, no credentials: it has less to do than embtune.

    kopf run --standalone --all-namespaces naive.py
"""

import os
from typing import Any

import kopf
import kubernetes

STEPS = ("prepare", "train", "evaluate", "publish")
PHASES = ("Preparing", "Training", "Evaluating", "Publishing")
SECONDS = 5.0
"""Between two looks at a Job."""


@kopf.on.startup()
def connect(**_: Any) -> None:
    kubernetes.config.load_kube_config(os.environ["KUBECONFIG"])


@kopf.on.create("embtune.dev", "v1alpha1", "finetunejobs")
def begin(body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
    launch(body, 0)
    patch.status["phase"] = PHASES[0]


@kopf.timer("embtune.dev", "v1alpha1", "finetunejobs", interval=SECONDS)
def advance(body: kopf.Body, status: kopf.Status, patch: kopf.Patch, **_: Any) -> None:
    if status.get("phase") not in PHASES:
        return
    step = PHASES.index(status["phase"])
    about = body["metadata"]
    job: Any = kubernetes.client.BatchV1Api().read_namespaced_job_status(f"{about['name']}-{STEPS[step]}", about["namespace"])
    if job.status.failed:
        patch.status["phase"] = "Failed"
    elif job.status.succeeded and step + 1 == len(STEPS):
        patch.status["phase"] = "Succeeded"
    elif job.status.succeeded:
        launch(body, step + 1)
        patch.status["phase"] = PHASES[step + 1]


def launch(body: kopf.Body, step: int) -> None:
    labels = {
        "app.kubernetes.io/managed-by": "embtune",
        "embtune.dev/job-uid": body["metadata"]["uid"],
        "embtune.dev/step": STEPS[step],
    }
    container = {"name": "step", "image": "embtune-trainer:test", "args": [STEPS[step]]}
    pod = {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    job: Any = {"metadata": {"name": f"{body['metadata']['name']}-{STEPS[step]}", "labels": labels}, "spec": {"template": pod}}
    kopf.adopt(job, owner=body)
    try:
        kubernetes.client.BatchV1Api().create_namespaced_job(body["metadata"]["namespace"], job)
    except kubernetes.client.ApiException as error:
        if error.status != 409:
            raise
