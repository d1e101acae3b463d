"""The job that most end-to-end tests are about, as a tenant writes it: the tiny model on real rows, two pods."""

from typing import Any

from e2e.goods import Goods

Object = dict[str, Any]
LINE, NAME = "shop", "shop-1"
SECRET = {"name": "datasets"}
EPOCHS = 30
"""Twenty seconds and more, on an idle machine: enough to be looked at, and to be disturbed, before it is over."""


def recipe(goods: Goods, **parts: Any) -> Object:
    """
    Args:
        parts: of the spec; what is a mapping is merged into what is there.
    """
    spec: Object = {
        "baseModel": {"uri": goods.tiny_model, "secretRef": SECRET},
        "data": {
            "train": [{"uri": goods.tiny_rows, "secretRef": SECRET}],
            "split": {"test": 0.3, "groupBy": "group", "seed": 7},
        },
        "training": {
            "epochs": EPOCHS,
            "batchSize": 64,
            "learningRate": 2e-3,
            "maxSeqLength": 32,
            "precision": "fp32",
            "deterministic": True,
            "checkpointSteps": 20,
            "seed": 7,
        },
        "promotion": {"gates": [{"metric": "test/ndcg@10", "min": 0.01}]},
        "runtime": {"nodes": 2},
    }
    return {**spec, **{name: {**spec.get(name, {}), **part} for name, part in parts.items()}}


def job(goods: Goods, name: str = NAME, **parts: Any) -> Object:
    return {
        "apiVersion": "embtune.dev/v1alpha1",
        "kind": "FineTuneJob",
        "metadata": {"name": name},
        "spec": {"model": LINE, **recipe(goods, **parts)},
    }
