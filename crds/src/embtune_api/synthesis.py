"""What `embtune-trainer synthesize` is asked and answers: pairs of query and passage, made from a corpus without labels.

It works before there is a job, since people look at such pairs before a model is trained on them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from embtune_api.base import Document

PASSAGE, COUNT = "{passage}", "{count}"
"""What a prompt has in their place: the passage, and how many queries are wanted."""
SEQ2SEQ_PROMPT = PASSAGE
ENDPOINT_PROMPT = f"""\
Below is a passage of a collection that people search. Write {COUNT} different queries that somebody who has never seen the \
passage would type into a search box, and that it answers. Write in the language of the passage, do not copy its sentences, \
and do not mention a passage or a text. One query a line, and nothing else.

{PASSAGE}"""

Dropped = Literal["short", "copied", "repeated", "score"]


class Seq2SeqWriter(Document):
    """A sequence-to-sequence model on this machine writes queries, as doc2query does."""

    kind: Literal["seq2seq"] = "seq2seq"
    uri: str
    """`hf://org/name`, `s3://bucket/prefix`, or a folder."""
    prompt: str = SEQ2SEQ_PROMPT
    """What the model reads."""
    greedy: bool = False
    """The likeliest query of each passage alone; else they are sampled from the likeliest words."""


class EndpointWriter(Document):
    """A server that speaks OpenAI's chat completions writes queries."""

    kind: Literal["endpoint"] = "endpoint"
    url: str
    """That `/chat/completions` is below."""
    model: str
    """As the server names it."""
    prompt: str = ENDPOINT_PROMPT
    parameters: dict[str, Any] = {}
    """Of the request's body, over our own; null leaves one out."""
    at_once: int
    """Requests at most."""
    timeout: float
    """Seconds for one answer."""
    key_variable: str
    """Variable of the environment that holds the key; the key itself stands in no document."""


class QueryMatcher(Document):
    """Nothing is written: queries that people asked are given passages that BM25 finds, for a cross-encoder to read."""

    kind: Literal["bm25"] = "bm25"
    queries: str
    """A file of them."""
    header: list[str] = []
    """Names of its columns, where its first line is data."""
    text: str
    """Its column of queries."""


class SynthesisRequest(Document):
    folder: str
    """That relative paths start at."""
    corpus: str
    """A file of passages, or its address."""
    header: list[str] = []
    """Names of its columns, where its first line is data."""
    text: str
    """Its column of passages."""
    id: str | None
    """Its column of their names; None: they are named by their content."""
    out: str
    """Path of the pairs; `<out>.journal` beside it says what is done."""
    writer: Annotated[Seq2SeqWriter | EndpointWriter | QueryMatcher, Field(discriminator="kind")]
    per_item: int
    """Queries for each passage; of a matcher: passages that are read for each query."""
    most_items: int | None
    """Passages, or queries of a matcher, that are taken, by a hash; None: all."""
    cross_encoder: str | None
    """Reads every pair; None: nobody does."""
    min_score: float
    """Pairs that it scores lower are dropped; sigmoids, 0 to 1."""
    min_characters: int
    """Shorter queries are dropped."""
    seed: int


class Tokens(Document):
    """As the server counts them."""

    read: int = 0
    written: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(read=self.read + other.read, written=self.written + other.written)


class SynthesisProgress(Document):
    message: str
    done: int = 0
    """Passages, or queries of a matcher."""
    total: int = 0
    tokens: Tokens = Tokens()


class Synthesis(Document):
    """The answer."""

    finished: bool
    """False: it was interrupted."""
    done: int
    """Passages, or queries of a matcher."""
    total: int
    unanswered: int
    """Of them, those that the server gave nothing for that can be read; the next run asks for them again."""
    left_out: dict[str, int]
    """Rows of the files that are not used, by the reason."""
    pairs: int
    """Before the filters."""
    dropped: dict[Dropped, int]
    """Pairs by the first filter that they did not pass."""
    kept: int
    model: str
    tokens: Tokens


class SynthesisNews(Document):
    """A line of the trainer's stdout. The last one has the answer."""

    progress: SynthesisProgress | None = None
    answer: Synthesis | None = None


class SyntheticPair(Document):
    """A row of the pairs: what is learnt from, and where it came from."""

    query: str
    passage: str
    score: float | None
    """Of the cross-encoder, 4 digits; None: nobody has read it."""
    passage_id: str
    model: str
    """That wrote the query, or `bm25`."""
    model_digest: str
    """Of its files; of an endpoint or a matcher: of its settings."""
    cross_encoder: str | None
    cross_encoder_digest: str | None
