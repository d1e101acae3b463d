"""Where each text lies in the stream: texts share blocks, so that attention is computed block by block.

A block is as wide as the longest text in it, rounded up to 16 tokens, and what is left of it is filled with shorter texts:
best-fit decreasing bin packing. All blocks of one width are one batch of small matrix products, which a CPU does far faster than
one product a text. A text never attends to its neighbours in the block.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP = 16
NARROWEST = 32
TOKENS_A_PIECE = 512
"""Tokens whose attention is computed at once: its matrices stay in a core's cache, and few shapes occur in all."""
ROUNDING = 16
"""But in fp32 the stream is lengthened by at most this part of it: oneDNN builds a kernel for each new shape, 7 ms every time."""


@dataclass(frozen=True)
class Piece:
    """Some blocks of one width, one after the other."""

    start: int
    """Its first token in the stream."""
    blocks: int
    width: int
    """tokens of each block"""

    @property
    def end(self) -> int:
        return self.start + self.blocks * self.width


@dataclass(frozen=True)
class Layout:
    """Places of texts in a stream."""

    starts: NDArray[np.int64]
    """(texts,): each text's first token in the stream."""
    lengths: NDArray[np.int64]
    """(texts,)"""
    pieces: tuple[Piece, ...]
    """Of the blocks, in the stream's order; attention of what comes after the last is not computed."""
    tokens: int
    """Of the whole stream, what is left free included."""

    @classmethod
    def of(cls, lengths: Sequence[int], *, rounded: bool) -> "Layout":
        """`rounded`: of a length that is likely to come again."""
        widths, blocks = _fill(lengths)
        starts = np.zeros(len(lengths), dtype=np.int64)
        end = 0
        for block in sorted(range(len(blocks)), key=lambda block: widths[block]):
            place = end
            for text in blocks[block]:
                starts[text] = place
                place += lengths[text]
            end += widths[block]
        return cls(starts, np.asarray(lengths, dtype=np.int64), tuple(_pieces(widths)), _rounded(end) if rounded else end)

    def places(self) -> NDArray[np.int64]:
        """(given tokens,): where each token of the texts, one text after the other, lies in the stream."""
        firsts = np.cumsum(self.lengths) - self.lengths
        places: NDArray[np.int64] = np.arange(int(self.lengths.sum())) + np.repeat(self.starts - firsts, self.lengths)
        return places

    def owners(self) -> NDArray[np.int64]:
        """(tokens,): the text that each token of the stream belongs to, -1 for none."""
        owners = np.full(self.tokens, -1, dtype=np.int64)
        owners[self.places()] = np.repeat(np.arange(len(self.lengths)), self.lengths)
        return owners


def _fill(lengths: Sequence[int]) -> tuple[list[int], list[list[int]]]:
    """Width of every block, and the texts in it: each text, long ones first, into the fullest block that has room."""
    widths: list[int] = []
    blocks: list[list[int]] = []
    roomy: dict[int, list[int]] = {}  # blocks by how many tokens are free
    widest = 0
    for text in sorted(range(len(lengths)), key=lambda text: -lengths[text]):
        length = lengths[text]
        free = next((free for free in range(length, widest + 1) if roomy.get(free)), None)
        if free is None:
            free = max(NARROWEST, -(-length // STEP) * STEP)
            widths.append(free)
            blocks.append([])
            block = len(blocks) - 1
        else:
            block = roomy[free].pop()
        blocks[block].append(text)
        roomy.setdefault(free - length, []).append(block)
        widest = max(widest, free - length)
    return widths, blocks


def _pieces(widths: list[int]) -> Iterator[Piece]:
    start = 0
    for width, count in zip(*np.unique(np.array(widths, dtype=np.int64), return_counts=True), strict=True):
        most = max(1, TOKENS_A_PIECE // int(width))
        for done in range(0, int(count), most):
            piece = Piece(start, min(most, int(count) - done), int(width))
            start = piece.end
            yield piece


def _rounded(tokens: int) -> int:
    step = max(1, (1 << tokens.bit_length() >> 1) // ROUNDING)
    return -(-tokens // step) * step
