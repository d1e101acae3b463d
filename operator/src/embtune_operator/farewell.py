"""`python -m embtune_operator.farewell`: what the chart runs when its release is gone.

Nobody is left then to carry out deletionPolicy Delete: such a ModelVersion, and the namespace that it is in, could not be
deleted any more. So our finalizer is taken off. The files stay in the store, and an operator that comes back puts it on again.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from embtune_operator.kube.errors import Conflict, Missing
from embtune_operator.kube.kinds import MODELVERSION
from embtune_operator.versions.finalizer import FINALIZER

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi, Object

_TRIES = 5


@click.command()
@click.option("--namespace", "namespaces", multiple=True, help="Where versions are looked for; default: everywhere.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Default: in a pod its service account.")
def main(namespaces: tuple[str, ...], kubeconfig: Path | None) -> None:
    """Let go of every ModelVersion whose files were to go with it."""
    freed = asyncio.run(_farewell(namespaces, kubeconfig))
    sys.stdout.write("".join(f"{name} can be deleted; its files stay in the store\n" for name in freed))


async def _farewell(namespaces: tuple[str, ...], kubeconfig: Path | None) -> list[str]:
    from embtune_operator.kube.api import KubeApi

    api = await KubeApi.connect(kubeconfig)
    try:
        return [name for namespace in namespaces or (None,) for name in await let_go_of_all(api, namespace)]
    finally:
        await api.close()


async def let_go_of_all(api: KubeApi, namespace: str | None) -> list[str]:
    """`namespace/name` of each that was held. Raises ClusterError."""
    try:
        versions = await api.list(MODELVERSION, namespace)
    except Missing:
        return []
    held = [version["metadata"] for version in versions if FINALIZER in version["metadata"].get("finalizers", ())]
    for metadata in held:
        await _let_go(api, metadata)
    return [f"{metadata['namespace']}/{metadata['name']}" for metadata in held]


async def _let_go(api: KubeApi, metadata: Object) -> None:
    for _ in range(_TRIES):
        others = [name for name in metadata["finalizers"] if name != FINALIZER]
        patch = {"metadata": {"finalizers": others, "resourceVersion": metadata["resourceVersion"]}}
        try:
            await api.merge(MODELVERSION, metadata["namespace"], metadata["name"], patch)
        except Missing:
            return
        except Conflict:
            found = await api.get(MODELVERSION, metadata["namespace"], metadata["name"])
            if found is None or FINALIZER not in found["metadata"].get("finalizers", ()):
                return
            metadata = found["metadata"]
        else:
            return
    raise Conflict(f"ModelVersion {metadata['namespace']}/{metadata['name']} is changed again and again: run this once more")


if __name__ == "__main__":
    main()
