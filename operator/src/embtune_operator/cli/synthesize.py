"""`embtune synthesize`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from embtune_api.errors import Exit, InvalidInput
from embtune_operator.cli.options import debug_option, print_json

if TYPE_CHECKING:
    from embtune_api.look import FileLook
    from embtune_api.synthesis import EndpointWriter, QueryMatcher, Seq2SeqWriter

KEY_VARIABLE = "OPENAI_API_KEY"
PER_PASSAGE, READ_PER_QUERY = 2, 10
MIN_SCORE = 0.8


@click.command("synthesize")
@click.argument("corpus", metavar="CORPUS")
@click.option("--out", "-o", type=click.Path(path_type=Path, dir_okay=False), default=Path("pairs.jsonl"), show_default=True)
@click.option("--model", metavar="URI", help="A sequence-to-sequence model, run here: hf://org/name, s3://…, or a folder.")
@click.option("--endpoint", metavar="URL", help="Or a server with OpenAI's chat completions, such as https://api.openai.com/v1.")
@click.option("--llm", metavar="NAME", help="The model that the server is asked for.")
@click.option("--queries", metavar="FILE", help="Or queries that people asked: matched by BM25, confirmed by the cross-encoder.")
@click.option("--cross-encoder", metavar="URI", help="Reads every pair; those that it does not find good are dropped.")
@click.option("--min-score", type=click.FloatRange(0, 1), default=MIN_SCORE, show_default=True, help="Good is above this.")
@click.option("--per-passage", type=click.IntRange(1, 20), help=f"Queries to write for each.  [default: {PER_PASSAGE}]")
@click.option("--per-query", type=click.IntRange(1, 100), help=f"Passages to read for each.  [default: {READ_PER_QUERY}]")
@click.option("--max-passages", "--max-queries", "most", type=click.IntRange(1), help="So many, by chance; more can follow.")
@click.option("--min-characters", type=click.IntRange(1), default=8, show_default=True, help="Shorter queries are dropped.")
@click.option("--prompt", help="With {passage} and {count} in it; @FILE reads it from a file.")
@click.option("--greedy", is_flag=True, help="With --model: the likeliest query alone.")
@click.option("--parameters", metavar="JSON", help="With --endpoint: of its requests, such as '{\"temperature\": 0.2}'.")
@click.option("--at-once", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests to the server.")
@click.option("--timeout", type=click.FloatRange(0.1), default=60, show_default=True, metavar="SECONDS", help="For one answer.")
@click.option("--key-variable", default=KEY_VARIABLE, show_default=True, help="Variable that holds the server's key.")
@click.option("--prices", metavar="IN,OUT", help="Of a million tokens: the cost is printed.")
@click.option("--text-column", help="Of the corpus. Default: guessed, and told.")
@click.option("--id-column", help="Of the corpus; passages that share one stay on one side of a split. Default: guessed.")
@click.option("--query-column", help="Of --queries. Default: guessed.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what was done alone on stdout, as JSON.")
@debug_option
def command(corpus: str, out: Path, most: int | None, prices: str | None, as_json: bool, **options: Any) -> int:
    """Make pairs of query and passage from a corpus that nobody has labelled: a file of passages, .jsonl, .csv, .tsv (also .gz,
    .zst) or .parquet, or its s3:// or hf:// address.

    Queries are written by a model, or people asked them. Copies, repetitions, very short ones, and what a cross-encoder does
    not find good are dropped. Ctrl-C leaves what there is, and the same command goes on; FILE.journal beside the pairs says
    what is done. A server's key is read from the environment and written nowhere.

    \b
    Examples:
      embtune synthesize docs.jsonl --model hf://org/doc2query --cross-encoder hf://cross-encoder/ms-marco-MiniLM-L6-v2
      embtune synthesize docs.csv --endpoint http://localhost:8000/v1 --llm qwen3 --max-passages 500 -o pairs.jsonl
      embtune synthesize docs.jsonl --queries searches.csv --cross-encoder hf://cross-encoder/ms-marco-MiniLM-L6-v2

    Next: embtune review pairs.jsonl
    """
    writer = _writer(options)
    cost = _prices(prices)
    if not out.resolve().parent.is_dir():
        raise InvalidInput(f"--out {out}: there is no folder {out.resolve().parent}. Make it first.")

    from embtune_api.synthesis import SynthesisRequest
    from embtune_operator.labelling.ask import synthesize
    from embtune_operator.labelling.columns import corpus_columns, query_column
    from embtune_operator.view.synthesis import print_synthesis, progress

    said = [options[name] for name in ("text_column", "id_column") if options[name]]
    described = _described("CORPUS", corpus, said)
    columns = corpus_columns(described, options["text_column"], options["id_column"])
    if writer.kind == "bm25":
        asked = _described("--queries", writer.queries, [writer.text] if writer.text else [])
        writer = writer.model_copy(update={"text": writer.text or query_column(asked), "header": asked.header})
    named = f", named by {columns.id!r}" if columns.id else ""
    click.echo(f"{corpus}: passages in column {columns.text!r}{named}", err=True)
    per_item = options["per_query"] or READ_PER_QUERY if writer.kind == "bm25" else options["per_passage"] or PER_PASSAGE
    request = SynthesisRequest(
        folder=str(Path.cwd()),
        corpus=corpus,
        header=described.header,
        text=columns.text,
        id=columns.id,
        out=str(out.resolve()),
        writer=writer,
        per_item=1 if writer.kind == "seq2seq" and writer.greedy else per_item,
        most_items=most,
        cross_encoder=options["cross_encoder"],
        min_score=options["min_score"],
        min_characters=options["min_characters"],
        seed=options["seed"],
    )
    with progress() as show:
        answer = synthesize(request, show)
    if as_json:
        print_json(answer.model_dump(mode="json"))
    else:
        print_synthesis(answer, request, out, cost)
    return int(Exit.OK if answer.finished else Exit.INTERRUPTED)


def _writer(options: dict[str, Any]) -> Seq2SeqWriter | EndpointWriter | QueryMatcher:
    """Raises InvalidInput: not one of the three, or options that go with another."""
    from embtune_api.synthesis import PASSAGE, EndpointWriter, QueryMatcher, Seq2SeqWriter

    given = [name for name in ("model", "endpoint", "queries") if options[name]]
    if len(given) != 1:
        raise InvalidInput(
            "who asks: give one of --model URI (a model that runs here), --endpoint URL with --llm NAME (a server), or "
            "--queries FILE (queries that people asked)."
        )
    _refuse_strangers(given[0], options)
    prompt = _prompt(options["prompt"])
    if prompt is not None and PASSAGE not in prompt:
        raise InvalidInput(
            f"--prompt: {PASSAGE} is not in it, so every query would be about nothing. Put it where the text belongs."
        )
    prompted = {} if prompt is None else {"prompt": prompt}
    if options["model"]:
        return Seq2SeqWriter(uri=options["model"], greedy=options["greedy"], **prompted)
    if options["queries"]:
        return QueryMatcher(queries=options["queries"], text=options["query_column"] or "")
    return EndpointWriter(
        url=_url(options["endpoint"]),
        model=options["llm"],
        parameters=_parameters(options["parameters"]),
        at_once=options["at_once"],
        timeout=options["timeout"],
        key_variable=options["key_variable"],
        **prompted,
    )


_GO_WITH = {
    "llm": ("endpoint",),
    "parameters": ("endpoint",),
    "greedy": ("model",),
    "per_passage": ("model", "endpoint"),
    "prompt": ("model", "endpoint"),
    "per_query": ("queries",),
    "query_column": ("queries",),
}


def _refuse_strangers(given: str, options: dict[str, Any]) -> None:
    for name, partners in _GO_WITH.items():
        if options[name] and given not in partners:
            raise InvalidInput(f"--{name.replace('_', '-')} goes with {' or '.join(f'--{p}' for p in partners)}: remove it.")
    if given == "endpoint" and not options["llm"]:
        raise InvalidInput("--endpoint: say which of the server's models is asked, with --llm NAME.")
    if given == "queries" and not options["cross_encoder"]:
        raise InvalidInput(
            "--queries: BM25 finds passages that share words, which is no answer yet. Name who reads them, such as "
            "--cross-encoder hf://cross-encoder/ms-marco-MiniLM-L6-v2."
        )
    if options["greedy"] and (options["per_passage"] or 1) > 1:
        raise InvalidInput("--greedy: there is one likeliest query of a passage. Remove --per-passage, or --greedy.")
    if not options["cross_encoder"] and options["min_score"] != MIN_SCORE:
        raise InvalidInput("--min-score: nobody gives scores. Name who does, with --cross-encoder URI.")


def _prompt(given: str | None) -> str | None:
    if given is None or not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--prompt {given}: the file cannot be read: {error}.") from None


def _url(given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"--endpoint {given}: no address of a server. Give one such as https://host/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput(
            "--endpoint: the address has a user, a password or a query, which would be told in every row. Put the key into "
            f"the variable {KEY_VARIABLE}, and give the address alone."
        )
    return given.rstrip("/").removesuffix("/chat/completions")


def _parameters(given: str | None) -> dict[str, Any]:
    try:
        found = json.loads(given or "{}")
    except ValueError as error:
        raise InvalidInput(f"--parameters: not JSON: {error}. Write an object, such as '{{\"temperature\": 0.2}}'.") from None
    if not isinstance(found, dict) or {"messages", "model", "stream", "n"} & set(found):
        raise InvalidInput("--parameters: an object of settings, but for model, messages, stream and n, which are set already.")
    return found


def _prices(given: str | None) -> tuple[float, float] | None:
    if given is None:
        return None
    try:
        read, written = map(float, given.split(","))
    except ValueError:
        raise InvalidInput(f"--prices {given}: give two numbers, of a million tokens in and out, such as 0.15,0.60.") from None
    return read, written


def _described(what: str, uri: str, mapped: list[str]) -> FileLook:
    """Raises InvalidInput: there is no such file, or it cannot be read."""
    if "://" not in uri and not Path(uri).is_file():
        raise InvalidInput(f"{what}: there is no file {uri}. Give a file, or an address at s3:// or hf://.")
    from embtune_api.look import AskedFile, LookRequest
    from embtune_operator.advice.ask import look

    return look(LookRequest(folder=str(Path.cwd()), files=[AskedFile(uri=uri, mapped=mapped)])).files[0]
