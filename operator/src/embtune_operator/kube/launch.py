"""How a job's steps are launched: the launcher, the image and the profile, chosen once and kept in the job's status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from embtune_api.errors import InvalidInput
from embtune_api.status import Launch
from embtune_operator.kube.platform import Profile

if TYPE_CHECKING:
    from embtune_api.runtime import Runtime
    from embtune_operator.kube.platform import Platform

_LONGEST_TEMPLATE = 16384
"""Characters: the bound of `Launch.template`."""


def choose_launch(runtime: Runtime, platform: Platform, *, pytorch_jobs: bool) -> Launch:
    """
    Args:
        pytorch_jobs: whether the API server knows PyTorchJobs now.

    Raises:
        InvalidInput: there is no such profile, or it does not allow as many nodes or GPUs.
    """
    name = runtime.profile or platform.default_profile
    profile = _allowed(name, runtime, platform)
    template = profile.model_dump_json(by_alias=True)
    if len(template) > _LONGEST_TEMPLATE:
        raise InvalidInput(
            f"The profile {name} of the platform's settings is {len(template)} characters long as JSON, which is more than the "
            f"{_LONGEST_TEMPLATE} that a job can keep: move what is long in it into a ConfigMap, and mount that"
        )
    return Launch(
        launcher=choose_launcher(platform, pytorch_jobs=pytorch_jobs),
        image=platform.trainer_image,
        profile=name,
        template=template,
    )


def choose_launcher(platform: Platform, *, pytorch_jobs: bool) -> Literal["PyTorchJob", "IndexedJob"]:
    """A training on one node is a PyTorchJob too: that is where its users look for it."""
    if platform.launcher == "Auto":
        return "PyTorchJob" if pytorch_jobs else "IndexedJob"
    return platform.launcher


def profile_of(launch: Launch) -> Profile:
    """The profile as it was when the job was launched first."""
    return Profile.model_validate_json(launch.template)


def _allowed(name: str, runtime: Runtime, platform: Platform) -> Profile:
    profile = platform.profiles.get(name)
    if profile is None:
        there = ", ".join(sorted(platform.profiles)) or "none"
        field = "runtime.profile" if runtime.profile else "runtime.profile is not set, and the platform's defaultProfile"
        raise InvalidInput(f"{field} {name} is no profile of this platform: choose one of {there}")
    if runtime.nodes > profile.max_nodes:
        raise InvalidInput(f"runtime.nodes {runtime.nodes} is more than profile {name} allows: at most {profile.max_nodes}")
    if runtime.gpus_per_node > profile.max_gpus_per_node:
        raise InvalidInput(
            f"runtime.gpusPerNode {runtime.gpus_per_node} is more than profile {name} allows: at most {profile.max_gpus_per_node}"
        )
    return profile
