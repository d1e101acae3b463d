"""What the base model's tokenizer makes of the texts to train on: how long they are, and which words it does not know.

A model that reads 128 tokens does not see the 129th. Of a word that its tokenizer never met it sees pieces, which say little, or
nothing at all: then another base model, one for the language or the field, is worth more than any training. Tokens per word are
what Rust et al. 2021, "How good is your tokenizer?", call fertility.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tokenizers import Encoding

from embtune_api.check_reports import TokenReport, TornWord
from embtune_api.checks import Checks
from embtune_api.documents.files import StoredModel
from embtune_api.encoder import Encoder
from embtune_api.length import LengthChoice
from embtune_api.reports import Finding
from embtune_store.protocol import Store
from embtune_trainer.lengths import length_of_most
from embtune_trainer.prepare.builders.turns import by_chance
from embtune_trainer.prepare.checks.tokenizer import BaseTokenizer, read_tokenizer
from embtune_trainer.prepare.examine import Examined
from embtune_trainer.prepare.findings import EXAMPLES, Hit, note, shorten
from embtune_trainer.prepare.rows import Row

MOST_ROWS = 5_000
"""Looked at: a percentage of so many is right to within one or two."""
TOLERATED = 0.05
"""Share of the rows with a text that is cut off."""
MOST_TOKENS_PER_WORD = 1.7
"""English has 1.0 to 1.2 with an English tokenizer, commands 1.6, French 1.7, German 2.2; see docs/checks.md."""
MOST_UNKNOWN = 0.01
"""Share of the tokens."""
_WORST = 20
_PIECES = 8
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese: there are no spaces between words, so nobody can count them."""
_WORD = re.compile(r"\w+")


@dataclass
class _Counts:
    """Of the rows that were looked at."""

    lengths: list[int] = field(default_factory=list)
    """Tokens of each text."""
    longest: list[int] = field(default_factory=list)
    """Of each row: tokens of its longest text."""
    words: int = 0
    pieces: int = 0
    """Tokens of those words."""
    tokens: int = 0
    """All that stand for text."""
    unknown: int = 0
    torn: Counter[str] = field(default_factory=Counter)
    """word → tokens more than one, over all its occurrences."""
    times: Counter[str] = field(default_factory=Counter)
    made_of: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    """word → its pieces, and the row where it stands first."""
    not_known: list[Hit] = field(default_factory=list)


@dataclass(frozen=True)
class TokenCheck:
    """What is fixed before the first row is looked at, however often the rows are divided anew."""

    store: Store
    base: StoredModel
    checks: Checks
    max_seq_length: LengthChoice | None
    """In training, as the job has it."""
    encoder: Encoder | None = None
    """What the published model will be, where it is not as the base model."""

    def look(self, examined: Examined) -> Examined:
        """With what was found in the texts to train on, or in a sample of them by hash. Nothing is removed: without long
        texts, a model would learn that there are none.

        Raises:
            InvalidInput: a finding whose action is Fail.
        """
        if self.checks.truncated == self.checks.fragmentation == "Ignore":
            return examined
        tokenizer = read_tokenizer(self.store, self.base, self.encoder)
        if tokenizer is None:
            message = "were counted in tokens: the base model has no tokenizer.json that can be read"
            unread = Finding(check="tokens", rows=0, action="kept", message=message)
            return replace(examined, findings=[*examined.findings, unread])
        rows = by_chance(examined.built.train, lambda row: row.content, 0, "tokens")[:MOST_ROWS]
        counts = _count(rows, tokenizer)
        asked, asked_to_cut = self.max_seq_length, self.max_seq_length == "Auto"
        wanted = length_of_most(counts.lengths, tokenizer.limit) if asked == "Auto" else asked
        report = _report(counts, _lower(wanted, tokenizer.limit), tokenizer.limit)
        found = [*_truncated(report, rows, counts, self.checks, asked_to_cut), *_fragmented(report, counts, self.checks)]
        return replace(examined, findings=[*examined.findings, *found], tokens=report)


def _count(rows: list[Row], tokenizer: BaseTokenizer) -> _Counts:
    counts = _Counts()
    for row in rows:
        prompts, texts = _prompts(row, tokenizer), row.texts
        encoded = tokenizer.encode([prompt + text for prompt, text in zip(prompts, texts, strict=True)])
        counts.lengths += map(len, encoded)
        counts.longest.append(max(map(len, encoded)))
        for prompt, text, encoding in zip(prompts, texts, encoded, strict=True):
            _count_words(row, prompt + text, len(prompt), encoding, tokenizer.unknown, counts)
    return counts


def _prompts(row: Row, tokenizer: BaseTokenizer) -> list[str]:
    """As training puts them: before anchors, before answers and negatives, before texts that are neither."""
    if row.shape in ("scored pairs", "labelled texts"):
        return [tokenizer.either] * len(row.texts)
    return [tokenizer.query, *[tokenizer.document] * (len(row.texts) - 1)]


def _count_words(row: Row, text: str, start: int, encoding: Encoding, unknown: str | None, counts: _Counts) -> None:
    """From character `start` on: the prompt is not of the data."""
    tokens = [
        (*span, token) for span, token in zip(encoding.offsets, encoding.tokens, strict=True) if span[1] > max(span[0], start)
    ]
    counts.tokens += len(tokens)
    missing = [text[first:last] for first, last, token in tokens if token == unknown]
    counts.unknown += len(missing)
    if missing:
        counts.not_known.append(Hit(row.where, " ".join(missing)))
    for word, pieces in _words(text, start, tokens):
        name = word.casefold()
        counts.words += 1
        counts.pieces += len(pieces)
        counts.times[name] += 1
        if len(pieces) > 1:
            counts.torn[name] += len(pieces) - 1
            counts.made_of.setdefault(name, (pieces, row.where))


def _words(text: str, start: int, tokens: Sequence[tuple[int, int, str]]) -> Iterator[tuple[str, list[str]]]:
    """Each word with the tokens that hold a part of it; both are in the order of the text."""
    at = 0
    for match in _WORD.finditer(text, start):
        while at < len(tokens) and tokens[at][1] <= match.start():
            at += 1
        pieces = []
        for first, _, token in tokens[at:]:
            if first >= match.end():
                break
            pieces.append(token)
        if not _UNSPACED.search(match.group()):
            yield match.group(), pieces


def _lower(wanted: int | None, own: int | None) -> int | None:
    """What training reads of a text: the model's own limit is never exceeded."""
    limits = [limit for limit in (wanted, own) if limit is not None]
    return min(limits, default=None)


def _report(counts: _Counts, limit: int | None, published: int | None) -> TokenReport:
    lengths, rows = sorted(counts.lengths), len(counts.longest)
    over = [sum(longest > most for longest in counts.longest) if most else 0 for most in (limit, published)]
    worst = sorted(counts.torn, key=lambda word: (-counts.torn[word], word))[:_WORST]
    return TokenReport(
        rows=rows,
        p50=lengths[(len(lengths) - 1) // 2],
        p95=lengths[int(0.95 * (len(lengths) - 1))],
        longest=lengths[-1],
        training_limit=limit,
        published_limit=published,
        over_training=round(over[0] / rows, 4),
        over_published=round(over[1] / rows, 4),
        tokens_per_word=round(counts.pieces / counts.words, 2) if counts.words else None,
        unknown=round(counts.unknown / counts.tokens, 4) if counts.tokens else 0.0,
        worst=[
            TornWord(word=shorten(word), pieces=counts.made_of[word][0][:_PIECES], times=counts.times[word]) for word in worst
        ],
    )


def _truncated(report: TokenReport, rows: list[Row], counts: _Counts, checks: Checks, asked_to_cut: bool) -> list[Finding]:
    """Once where training reads as far as the published model does. Nothing new is told to who asked training to cut."""
    found, limit, published = [], report.training_limit, report.published_limit
    if limit != published and report.over_training > TOLERATED and not asked_to_cut:
        over = _longer(rows, counts, limit)
        message = f"of {report.rows} to train on have a text that is longer than the {limit} tokens that training reads"
        advice = f"{message} (training.maxSeqLength); the base model reads {published or 'all of it'}"
        found += note("truncated/training", len(over), checks.truncated, advice, "data.checks.truncated", over)
    if report.over_published > TOLERATED:
        over = _longer(rows, counts, published)
        message = (
            f"of {report.rows} to train on have a text that is longer than the {published} tokens that the model reads: what "
            f"comes after them is never seen. Divide such texts into passages, or take a base model that reads more"
        )
        found += note("truncated/published", len(over), checks.truncated, message, "data.checks.truncated", over)
    return found


def _longer(rows: list[Row], counts: _Counts, limit: int | None) -> list[Hit]:
    """The longest first."""
    longer = sorted(((-tokens, row.where) for row, tokens in zip(rows, counts.longest, strict=True) if tokens > (limit or 0)))
    return [Hit(where, f"{-tokens} tokens") for tokens, where in longer]


def _fragmented(report: TokenReport, counts: _Counts, checks: Checks) -> list[Finding]:
    found, setting = [], "data.checks.fragmentation"
    if report.tokens_per_word is not None and report.tokens_per_word > MOST_TOKENS_PER_WORD:
        message = (
            f"to train on have words that the base model's tokenizer takes apart, into {report.tokens_per_word} tokens on "
            f"average: it was made for another language or field. Take a base model that was made for this one"
        )
        torn = [Hit(counts.made_of[word.word][1], f"{word.word} → {' '.join(word.pieces)}") for word in report.worst[:EXAMPLES]]
        found += note("fragmentation", report.rows, checks.fragmentation, message, setting, torn)
    if report.unknown > MOST_UNKNOWN:
        message = (
            f"to train on have a text with something in it that the base model's tokenizer has no token for: "
            f"{report.unknown:.1%} of all tokens say nothing. Take a base model that was made for this language"
        )
        found += note("fragmentation/unknown", len(counts.not_known), checks.fragmentation, message, setting, counts.not_known)
    return found
