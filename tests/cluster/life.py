"""The life of the node: up, stage by stage, and down again. Both may be called at any time, and after a crash at any place."""

import shutil

from cluster import containers, control, daemons, images, machine, network, node, remains, small_images
from cluster.place import CONTAINERD_ROOT, KUBECONFIG, LOGS, OBJECT_STORE_ADDRESS, PIDS, RUN
from cluster.progress import say, stage
from cluster.workloads import Workloads
from servers import build
from servers.kubeconfig import CONTEXT
from servers.programs import SERVERS, TOOLS

PROGRAMS = (
    "kube-proxy",
    "coredns",
    "kubelet",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
    "containerd",
)
"""In the order in which they are stopped."""
READY_SECONDS = 60


class CannotRun(Exception):
    """This machine cannot carry a node; the message says why, and what to do."""


def up() -> None:
    with stage("packages and programs"):
        _programs()
    if is_up():
        say("the cluster is up")
    else:
        down()
        try:
            _start()
        except BaseException:
            say(f"that did not work; all is removed but the logs in {LOGS}")
            down()
            raise
    with stage("MinIO and the training operator"):
        own_workloads().install()
    say(f"MinIO is http://minio.minio:9000 in pods, and http://{OBJECT_STORE_ADDRESS}:9000 on this machine")
    say(f"now: export KUBECONFIG={KUBECONFIG} PATH={control.KUBECTL.parent}:$PATH")


def down() -> None:
    """End and remove everything but the caches and the logs."""
    for name in PROGRAMS:
        daemons.stop(name, gently=name == "containerd")  # of which the images are kept
    remains.kill()
    network.tear_down()
    remains.remove()


def is_up() -> bool:
    return all(map(daemons.alive, PROGRAMS)) and control.answers() and control.node_is_ready()


def own_workloads() -> Workloads:
    own = (small_images.MINIO_IMAGE, small_images.TRAINING_OPERATOR_IMAGE)
    return Workloads(KUBECONFIG, CONTEXT, *own, minio_address=OBJECT_STORE_ADDRESS)


def bring_images() -> None:
    """Build the images and bring them to containerd, which is started for that alone where there is no cluster."""
    with stage("packages and programs"):
        _programs()
    if daemons.alive("containerd"):
        images.ensure()
        return
    down()
    try:
        _make_folders()
        _start_containerd()
        images.ensure()
    finally:
        down()


def check_machine() -> None:
    """Install the Debian packages that a node takes, where that is possible. Raises CannotRun when this machine carries none."""
    machine.install_packages()
    reasons = machine.shortcomings()
    if reasons:
        raise CannotRun("\n".join(reasons))


def _programs() -> None:
    check_machine()
    for program in (*SERVERS, *TOOLS):
        build.ensure(program)


def _start() -> None:
    _make_folders()
    with stage("network"):
        network.set_up()
    with stage("containerd"):
        _start_containerd()
    with stage("small images"):
        small_images.ensure()
    with stage("control plane"):
        layout = control.new_layout()
        control.start(layout)
    with stage("node"):
        remains.make_cgroups()
        daemons.start("kubelet", node.kubelet(layout))
        daemons.start("kube-proxy", node.kube_proxy(layout))
        daemons.start("coredns", node.coredns())
        daemons.wait_until(control.node_is_ready, "The node", READY_SECONDS, "kubelet")


def _make_folders() -> None:
    shutil.rmtree(LOGS, ignore_errors=True)
    for folder in (LOGS, PIDS, RUN, CONTAINERD_ROOT):
        folder.mkdir(parents=True, exist_ok=True)


def _start_containerd() -> None:
    """Start it, without the containers of an earlier cluster."""
    for _ in range(2):
        daemons.start("containerd", node.containerd())
        daemons.wait_until(containers.answers, "containerd", READY_SECONDS, "containerd")
        if not containers.forget_containers():
            return
        daemons.stop("containerd", gently=True)  # it has read them already
    raise RuntimeError("containerd does not forget the containers of an earlier cluster: remove .cache/images")
