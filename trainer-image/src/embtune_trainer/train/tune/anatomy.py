"""Where the parts of a transformer lie, whatever its architecture calls them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sentence_transformers import SentenceTransformer
from torch import nn

from embtune_api.errors import InvalidInput
from embtune_trainer.encoder_settings import transformer_of


@dataclass(frozen=True)
class Anatomy:
    """Names are those that a transformer's safetensors file has."""

    transformer: nn.Module
    stack: str
    """Of its layers: `encoder.layer`"""
    layers: int
    embeddings: str
    """Of what stands before the layers: `embeddings`"""

    @classmethod
    def of(cls, model: SentenceTransformer, field: str) -> "Anatomy":
        """`field` of the spec wants to know.

        Raises:
            InvalidInput: there are no layers to be found.
        """
        transformer = transformer_of(model)
        stacks = {name: module for name, module in transformer.named_modules() if isinstance(module, nn.ModuleList)}
        if not stacks:
            kind = type(transformer).__name__
            raise InvalidInput(
                f"{field}: a {kind} has no stack of layers that embtune knows. Leave it out, or take another base."
            )
        stack = max(stacks, key=lambda name: _size(stacks[name]))
        return cls(transformer, stack, len(stacks[stack]), _embeddings(transformer))

    @property
    def everything_else(self) -> int:
        """Depth of what is neither embeddings nor in a layer: poolers, dense layers, the last norm."""
        return self.layers

    def depth(self, name: str) -> int:
        """Of the parameter: 0 in the embeddings, 1 in the first layer, and so on."""
        if name.startswith(f"{self.embeddings}."):
            return 0
        if name.startswith(f"{self.stack}."):
            return int(name.removeprefix(f"{self.stack}.").partition(".")[0]) + 1
        return self.everything_else

    def linear_layers(self) -> list[str]:
        """Names of the linear layers in the stack."""
        return [name for name in all_linear_layers(self.transformer) if name.startswith(f"{self.stack}.")]


def named_parameters(model: SentenceTransformer) -> Iterator[tuple[str, nn.Parameter]]:
    """Of the transformer by their names in its safetensors file; of other modules with the module's number in front."""
    transformer = transformer_of(model)
    own = {id(parameter) for parameter in transformer.parameters()}
    yield from transformer.named_parameters()
    yield from ((name, parameter) for name, parameter in model.named_parameters() if id(parameter) not in own)


def all_linear_layers(transformer: nn.Module) -> list[str]:
    return [name for name, module in transformer.named_modules() if isinstance(module, nn.Linear)]


def _embeddings(transformer: nn.Module) -> str:
    """The module that holds the word embeddings and nothing of the layers, or the word embeddings themselves."""
    words = transformer.get_input_embeddings()  # type: ignore[operator]
    name = next(name for name, module in transformer.named_modules() if module is words)
    return str(name.rpartition(".")[0] or name)


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
