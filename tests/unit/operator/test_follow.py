"""`embtune logs --follow`: every line once, whatever an answer of the API server was."""

import asyncio
from typing import Any, cast

import pytest

from embtune_operator.client import logs
from embtune_operator.kube import labels
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.errors import Unreachable
from factories import a_job


class Pods:
    """An API server with one pod that prints a line between two looks, and does not answer every time."""

    def __init__(self, away: set[int]) -> None:
        self.looks = 0
        self.away = away

    async def get(self, *_: Any) -> dict[str, Any]:
        self.looks += 1
        phase = "Succeeded" if self.looks == 4 else "Training"
        return {**a_job().model_dump(mode="json", by_alias=True, exclude_none=True), "status": {"phase": phase}}

    async def list(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        named = {"name": "ft-1", "labels": {labels.STEP: "train", labels.ATTEMPT: "1"}}
        return [{"metadata": named, "status": {"phase": "Running"}}]

    async def pod_log(self, *_: Any) -> str:
        if self.looks in self.away:
            raise Unreachable("no answer")
        return "".join(f"line {number}\n" for number in range(self.looks))


@pytest.mark.parametrize("away", [set[int](), {1}, {2, 3}], ids=["always there", "away at first", "away in between"])
def test_each_line_is_printed_once(away: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LOOK_SECONDS", 0.0)
    said: list[str] = []
    asyncio.run(logs.follow(cast("KubeApi", Pods(away)), "search", "shop-1", None, 200, said.append))
    assert [line for line in said if not line.startswith("──")] == [f"line {number}" for number in range(4)]
