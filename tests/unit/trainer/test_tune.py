"""What learns of a model and what does not, how fast, and that plain weights come of adapters."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from embtune_api.errors import InvalidInput
from embtune_api.keys import StepKeys
from embtune_api.training import Training
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.encoder_settings import transformer_of
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.outcome import History
from embtune_trainer.train.save import save
from embtune_trainer.train.tune import make_optimizer, set_rate, tune
from support.tiny_model import make_tiny_model

TEXTS = ["list files", "show help of ls", "remove a folder"]
EMBEDDINGS, LAYERS = re.compile(r"^embeddings\."), re.compile(r"^encoder\.layer\.(\d+)\.")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), TEXTS, layers=3)


def loaded(base: Path) -> SentenceTransformer:
    return load_encoder(base, torch.device("cpu"))


def recipe(**tuned: Any) -> Training:
    return Training.model_validate({"learningRate": 1e-2, "weightDecay": 0.1, "tune": tuned, "seed": 3})


def learning(model: SentenceTransformer) -> set[str]:
    return {name for name, parameter in transformer_of(model).named_parameters() if parameter.requires_grad}


def names(base: Path) -> set[str]:
    """In the safetensors file, as a user reads them."""
    return set(load_file(base / "model.safetensors"))


def test_without_a_word_everything_learns(base: Path) -> None:
    model = loaded(base)
    tuned = tune(model, Training())
    assert learning(model) == names(base)
    assert (tuned.part.share, tuned.part.parameters) == (1.0, sum(p.numel() for p in model.parameters()))


@pytest.mark.parametrize(
    ("frozen", "stays"),
    [
        pytest.param({"embeddings": True}, lambda name: EMBEDDINGS.match(name), id="embeddings"),
        pytest.param({"layers": 2}, lambda name: (layer := LAYERS.match(name)) and int(layer[1]) < 2, id="the first two layers"),
        pytest.param({"parameters": ["LayerNorm"]}, lambda name: "LayerNorm" in name, id="whatever is called so"),
        pytest.param(
            {"embeddings": True, "layers": 1, "parameters": [r"layer\.2\..*bias$"]},
            lambda name: (
                EMBEDDINGS.match(name)
                or name.startswith("encoder.layer.0.")
                or (name.startswith("encoder.layer.2.") and name.endswith("bias"))
            ),
            id="all of these",
        ),
    ],
)
def test_what_is_frozen_and_nothing_else_stays(base: Path, frozen: dict[str, Any], stays: Any) -> None:
    model = loaded(base)
    tuned = tune(model, recipe(freeze=frozen))
    assert learning(model) == {name for name in names(base) if not stays(name)}
    sizes = {name: parameter.numel() for name, parameter in transformer_of(model).named_parameters()}
    assert tuned.part.trainable == sum(size for name, size in sizes.items() if not stays(name))
    assert tuned.part.share == tuned.part.trainable / tuned.part.parameters < 1


@pytest.mark.parametrize(
    ("tuned", "says"),
    [
        pytest.param({"freeze": {"parameters": ["attn"]}}, "attn is found in none of the", id="a name that is none"),
        pytest.param({"freeze": {"layers": 3}}, "has 3 layers, and 3 were to be frozen. Freeze at most 2", id="every layer"),
        pytest.param({"freeze": {"parameters": ["^e"]}}, "nothing that embeddings are made of would be left", id="everything"),
        pytest.param(
            {"lora": {"targetModules": ["q_proj"]}},
            "q_proj is no linear layer of the base model. It has dense, key,",
            id="a layer",
        ),
    ],
)
def test_what_the_model_does_not_have_is_refused_in_a_paragraph(base: Path, tuned: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(says)) as refused:
        tune(loaded(base), recipe(**tuned))
    assert str(refused.value).startswith("training.tune.")
    assert "\n" not in str(refused.value)


def test_lower_layers_learn_slower_and_norms_are_not_decayed(base: Path) -> None:
    model = loaded(base)
    optimizer = make_optimizer(model, recipe(layerDecay=0.5))
    set_rate(optimizer, 0.8)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in transformer_of(model).named_parameters():
        layer = LAYERS.match(name)
        expected = 0.8 * 0.5**3 if EMBEDDINGS.match(name) else 0.8 * 0.5 ** (2 - int(layer[1])) if layer else 0.8
        assert rates[id(parameter)] == pytest.approx(expected), name
        assert decays[id(parameter)] == (0.1 if parameter.ndim >= 2 else 0.0), name


@pytest.mark.parametrize("targets", [None, ["query", "attention.output.dense"]], ids=["all of them", "some"])
def test_adapters_learn_alone_and_become_plain_weights(base: Path, tmp_path: Path, targets: list[str] | None) -> None:
    model, untouched = loaded(base), loaded(base)
    tuned = tune(model, recipe(lora={"rank": 4, "alpha": 8, **({"targetModules": targets} if targets else {})}))
    assert {name for name in learning(model) if ".lora_" not in name} == set()
    beside = {re.sub(r"\.lora_.*", "", name) for name in learning(model)}
    ends = ("query", "attention.output.dense") if targets else ("query", "key", "value", "dense")
    assert beside == {
        name.removesuffix(".weight") for name in names(base) if LAYERS.match(name) and name.removesuffix(".weight").endswith(ends)
    }
    assert 0 < tuned.part.share < 0.5
    assert torch.equal(*(torch.from_numpy(m.encode(TEXTS)) for m in (model, untouched))), "they begin by changing nothing"

    one_step(model)
    with_adapters = model.encode(TEXTS)
    tuned.merge()
    save(model, tmp_path)
    plain = SentenceTransformer(str(tmp_path), device="cpu", local_files_only=True)
    assert with_adapters == pytest.approx(plain.encode(TEXTS), abs=1e-6)
    assert with_adapters != pytest.approx(untouched.encode(TEXTS), abs=1e-3), "something was learnt"
    assert names(tmp_path) == names(base)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [name for name in files if "adapter" in name]


def test_adapters_are_the_same_for_the_same_seed(base: Path) -> None:
    one, same, other = loaded(base), loaded(base), loaded(base)
    for model, seed in ((one, 3), (same, 3), (other, 4)):
        tune(model, recipe(lora={}).model_copy(update={"seed": seed}))
    name = next(name for name in learning(one) if "lora_A" in name)
    first, again, else_ = (transformer_of(model).get_parameter(name) for model in (one, same, other))
    assert torch.equal(first, again)
    assert not torch.equal(first, else_)


def test_from_scratch_nothing_of_the_weights_is_left(base: Path) -> None:
    untouched, model, same, other = (loaded(base) for _ in range(4))
    for each, seed in ((model, 3), (same, 3), (other, 4)):
        assert tune(each, recipe(fromScratch=True).model_copy(update={"seed": seed})).part.share == 1
    query = "encoder.layer.0.attention.self.query.weight"
    old, new, again, else_ = (transformer_of(each).get_parameter(query) for each in (untouched, model, same, other))
    assert torch.equal(new, again)
    assert not torch.equal(new, else_)
    assert not torch.equal(new, old)
    assert model.encode(TEXTS) != pytest.approx(untouched.encode(TEXTS), abs=1e-2)


@pytest.mark.parametrize(
    "tuned", [{"lora": {"rank": 2}}, {"freeze": {"embeddings": True}, "layerDecay": 0.7}], ids=["lora", "freeze"]
)
def test_a_checkpoint_holds_what_learns_and_brings_it_back(base: Path, tuned: dict[str, Any]) -> None:
    model, other = loaded(base), loaded(base)
    for each in (model, other):
        tune(each, recipe(**tuned))
    optimizer = one_step(model, recipe(**tuned))
    store = open_store("memory://")
    checkpoints = Checkpoints(store, StepKeys("tuned"))
    checkpoints.save(1, model, optimizer, History())
    latest = checkpoints.latest()
    assert latest is not None
    stored = sum(file.size for file in latest.files)
    moving = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    assert stored < 3 * 4 * moving + 64 * 1024, "weights, two moments, and a header"
    checkpoints.restore(latest, other, make_optimizer(other, recipe(**tuned)))
    assert torch.equal(*(torch.from_numpy(each.encode(TEXTS)) for each in (model, other)))


def one_step(model: SentenceTransformer, of: Training | None = None) -> torch.optim.AdamW:
    optimizer = make_optimizer(model, of or recipe())
    features = {name: value for name, value in model.preprocess(TEXTS).items() if isinstance(value, torch.Tensor)}
    for _ in range(2):  # an adapter's first matrix has no gradient before its second has moved
        optimizer.zero_grad()
        (model(features)["sentence_embedding"] * torch.arange(32)).sum().backward()
        optimizer.step()
    return optimizer
