"""The packed forward is the padded one: outputs, gradients, dropout; and where it is not, it is not used."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import BertModel

from embtune_trainer.encoder import tokenize
from embtune_trainer.packed import Padded, choose_forward
from embtune_trainer.packed.layout import Layout
from embtune_trainer.packed.noise import Noise
from embtune_trainer.packed.packed import Packed
from unit.trainer.tiny_encoders import FAMILIES, a_base, a_transformer, some_texts

TLDR = Path(__file__).parents[3] / "examples" / "tldr" / "train.jsonl"


@pytest.fixture(scope="module")
def base() -> SentenceTransformer:
    return a_base()


@pytest.fixture
def encoder(base: SentenceTransformer) -> SentenceTransformer:
    return SentenceTransformer(modules=[base[0], Pooling(48, "mean"), base[2]], device="cpu").eval()


def of_family(encoder: Any, family: str) -> Any:
    encoder[0].model = a_transformer(family)
    encoder.eval()
    return encoder


@given(st.lists(st.integers(1, 200), min_size=1, max_size=60))
def test_every_token_has_a_place_of_its_own_and_no_text_leaves_its_block(lengths: list[int]) -> None:
    layout = Layout.of(lengths, rounded=True)
    assert len(set(layout.places().tolist())) == sum(lengths)
    blocks = [(p.start + n * p.width, p.start + (n + 1) * p.width) for p in layout.pieces for n in range(p.blocks)]
    for start, length in zip(layout.starts, lengths, strict=True):
        assert any(first <= start and start + length <= end for first, end in blocks)
    assert (layout.owners() >= 0).sum() == sum(lengths)


def test_next_to_no_padding_is_computed_for_real_texts(base: SentenceTransformer) -> None:
    rows = [json.loads(line) for line in TLDR.read_text(encoding="utf-8").splitlines()[:64]]
    texts = tokenize(base, [row[side] for row in rows for side in ("description", "command")], 64)
    lengths = np.array([len(text) for text in texts])
    assert Layout.of(lengths.tolist(), rounded=False).tokens <= 1.03 * lengths.sum()
    assert Layout.of(lengths.tolist(), rounded=True).tokens <= 1.08 * lengths.sum()
    assert len(lengths) * lengths.max() > 2 * lengths.sum()


@pytest.mark.parametrize("family", FAMILIES)
def test_outputs_and_gradients_are_those_of_the_padded_forward(encoder: Any, family: str) -> None:
    of_family(encoder, family)
    packed = Packed.of(encoder)
    assert packed is not None
    weights = torch.from_numpy(np.random.default_rng(2).normal(size=(len(some_texts()), 48))).float()
    outputs, gradients = [], []
    for forward in (Padded(encoder), packed):
        encoder.zero_grad()
        embeddings = forward(some_texts(), torch.float32)
        torch.autograd.backward((embeddings * weights).sum())
        outputs.append(embeddings.detach())
        gradients.append({name: p.grad for name, p in encoder.named_parameters() if p.grad is not None})
    torch.testing.assert_close(outputs[1], outputs[0], atol=1e-5, rtol=0)
    assert set(gradients[0]) == set(gradients[1])
    for name, expected in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], expected, atol=1e-5 * max(1.0, float(expected.abs().max())), rtol=1e-5)


@pytest.mark.parametrize("mode", ["cls", "max", "lasttoken", "weightedmean"])
def test_any_pooling_is_kept(encoder: Any, mode: str) -> None:
    of_family(encoder, "BERT")
    encoder[1].pooling_mode = mode
    packed = Packed.of(encoder)
    assert packed is not None
    found, expected = (forward(some_texts(), torch.float32) for forward in (packed, Padded(encoder)))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", FAMILIES)
def test_in_half_precision_it_is_as_near_to_fp32_as_the_padded_forward(encoder: Any, family: str, dtype: torch.dtype) -> None:
    of_family(encoder, family)
    packed = Packed.of(encoder)
    assert packed is not None
    with torch.no_grad():
        exact = packed(some_texts(), torch.float32)
        errors = [float((forward(some_texts(), dtype) - exact).abs().max()) for forward in (packed, Padded(encoder))]
    assert 0 < errors[0] < 3 * errors[1]


@pytest.mark.parametrize(("dtype", "apart"), [(torch.float32, 1e-6), (torch.bfloat16, 0.01)], ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_prepared_for_inference_it_gives_the_same(encoder: Any, family: str, dtype: torch.dtype, apart: float) -> None:
    of_family(encoder, family)
    packed = Packed.of(encoder)
    assert packed is not None
    with torch.no_grad():
        expected = packed(some_texts(), dtype)
        torch.testing.assert_close(packed.prepared(dtype)(some_texts(), dtype), expected, atol=apart, rtol=0)


def test_an_adapter_is_called_as_it_is(encoder: Any) -> None:
    class Twice(torch.nn.Linear):
        def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - as torch calls it
            return 2 * super().forward(input)

    of_family(encoder, "BERT")
    layer = encoder[0].auto_model.encoder.layer[0]
    for of, name in ((layer.attention.self, "value"), (layer.output, "dense")):
        plain = getattr(of, name)
        twice = Twice(plain.in_features, plain.out_features)
        twice.load_state_dict(plain.state_dict())
        setattr(of, name, twice)
    packed = Packed.of(encoder)
    assert packed is not None
    with torch.no_grad():
        prepared = packed.prepared(torch.float32)
        found, expected = (forward(some_texts(), torch.float32) for forward in (prepared, Padded(encoder)))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_has_the_strength_that_it_has_in_the_padded_forward(encoder: Any, family: str) -> None:
    of_family(encoder, family).train()
    packed = Packed.of(encoder)
    assert packed is not None
    texts = some_texts()[:3] * 60
    torch.manual_seed(3)
    with torch.no_grad():
        spreads = [forward(texts, torch.float32).view(60, 3, -1).var(dim=0).mean(dim=1) for forward in (Padded(encoder), packed)]
    torch.testing.assert_close(spreads[1], spreads[0], rtol=0.15, atol=0)  # off by a tenth of p would be 0.1 with all others


def test_dropout_follows_from_the_seed_alone(encoder: Any) -> None:
    of_family(encoder, "BERT").train()
    packed = Packed.of(encoder)
    assert packed is not None

    def drawn(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return packed(some_texts(), torch.float32).detach()

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_so_many_draws_are_kept(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    keep = Noise().keep((1000, 1001), 0.3, dtype)
    assert keep.dtype == dtype
    assert set(keep.flatten().tolist()) == {0.0, 1.0}
    assert float(keep.float().mean()) == pytest.approx(0.7, abs=0.003)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_check_chooses_packed_and_leaves_no_trace(encoder: Any, family: str) -> None:
    of_family(encoder, family).train()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    chosen = choose_forward(encoder, some_texts())
    assert chosen.name == "packed", chosen.why
    assert encoder.training
    assert encoder[0].model.training
    assert torch.equal(before, torch.get_rng_state())
    assert all(parameter.grad is None for parameter in encoder.parameters())


class Louder(BertModel):  # type: ignore[no-untyped-call]
    """Named as one that is known, and yet another."""

    def forward(self, *args: object, **kwargs: object) -> object:
        output = super().forward(*args, **kwargs)
        output.last_hidden_state = torch.tanh(output.last_hidden_state)
        return output


def test_an_encoder_that_computes_something_else_is_padded(encoder: Any) -> None:
    of_family(encoder, "BERT")
    encoder[0].model.__class__ = Louder
    chosen = choose_forward(encoder, some_texts())
    assert chosen.name == "padded"
    assert "the packed forward of this Louder is not the same as its own" in chosen.why


def test_an_encoder_that_is_not_known_is_padded(encoder: Any) -> None:
    of_family(encoder, "DistilBERT")
    chosen = choose_forward(encoder, some_texts())
    assert (chosen.name, chosen.why) == (
        "padded",
        "DistilBertModel is not among the encoders whose packed forward is known",
    )
    assert chosen.forward(some_texts(), torch.float32).shape == (12, 48)


def test_an_encoder_that_checkpoints_its_activations_is_padded(encoder: Any) -> None:
    of_family(encoder, "BERT")[0].model.activation_checkpointing_enable()
    chosen = choose_forward(encoder, some_texts())
    assert (chosen.name, "checkpointed" in chosen.why) == ("padded", True)


def test_frozen_parameters_get_no_gradient_and_the_others_the_same(encoder: Any) -> None:
    of_family(encoder, "BERT")
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_("layer.2" in name and "LayerNorm" not in name)
    chosen = choose_forward(encoder, some_texts())
    assert chosen.name == "packed", chosen.why
