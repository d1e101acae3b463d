"""The versions of a line as the cluster shows them, and the wishes that change what is in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_api.resources import API_VERSION, ModelVersion
from embtune_operator.client.session import talk
from embtune_operator.client.wishes import wish
from embtune_operator.kube.kinds import MODELVERSION

if TYPE_CHECKING:
    from embtune_api.status import LastRequest
    from embtune_api.wish import Action
    from embtune_operator.client.session import Target
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.registry.references import Reference


def list_in_cluster(target: Target, model: str) -> list[ModelVersion]:
    """The ModelVersions of a line, oldest first."""

    async def listed(api: KubeApi, namespace: str) -> list[ModelVersion]:
        return await _of_line(api, namespace, model)

    return talk(target, listed)


def ask_promotion(target: Target, reference: Reference, reason: str, *, force: bool) -> LastRequest:
    """Have the operator promote a version. Raises InvalidInput: no such version, or it refuses."""

    async def asked(api: KubeApi, namespace: str) -> LastRequest:
        version = _chosen(await _of_line(api, namespace, reference.model), reference)
        action: Action = "force-promote" if force else "promote"
        return await wish(api, MODELVERSION, namespace, version.metadata.name, action, reason)

    return talk(target, asked)


def ask_rollback(target: Target, model: str, reason: str) -> LastRequest:
    """Have the operator roll a line back. Raises InvalidInput: nothing is in production, or it refuses."""

    async def asked(api: KubeApi, namespace: str) -> LastRequest:
        versions = await _of_line(api, namespace, model)
        production = next((v for v in versions if v.status and v.status.stage == "Production"), None)
        if production is None:
            raise InvalidInput(f"nothing of {model} is in production in namespace {namespace}: there is nothing to roll back")
        return await wish(api, MODELVERSION, namespace, production.metadata.name, "rollback", reason)

    return talk(target, asked)


async def _of_line(api: KubeApi, namespace: str, model: str) -> list[ModelVersion]:
    found = await api.list(MODELVERSION, namespace, fields=f"spec.model={model}")
    versions = [ModelVersion.model_validate({**item, "apiVersion": API_VERSION, "kind": "ModelVersion"}) for item in found]
    return sorted(versions, key=lambda version: _number(version) or 0)


def _number(version: ModelVersion) -> int | None:
    return version.spec.version or (version.status.version if version.status else None)


def _chosen(versions: list[ModelVersion], reference: Reference) -> ModelVersion:
    for version in versions:
        stage = version.status.stage if version.status else None
        if reference.ref in (str(_number(version)), (stage or "").lower()):
            return version
    known = ", ".join(f"v{_number(version)}" for version in versions) or "none"
    raise InvalidInput(f"{reference.model} has no version {reference.ref} in this cluster; there are: {known}")
