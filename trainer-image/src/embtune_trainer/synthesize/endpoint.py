"""Queries by a server that speaks OpenAI's chat completions: api.openai.com, vLLM, llama.cpp, Ollama and others."""

import asyncio
import os
from collections.abc import AsyncIterator, Container, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import httpx2
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from embtune_api.digest import digest_of
from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.synthesis import COUNT, PASSAGE, EndpointWriter, Tokens
from embtune_trainer.prepare.builders.turns import turn
from embtune_trainer.synthesize.corpus import Item
from embtune_trainer.synthesize.journal import Entry, Pair
from embtune_trainer.synthesize.replies import queries_of

TRIES = 6
LONGEST_PASSAGE = 8_000
"""characters that are sent of one"""
LONGEST_WAIT = 120.0
"""seconds; a server that says to come back later than that is asked then"""
_TOKENS_A_QUERY = 100
_HOPELESS = 8
"""Passages without a reply that can be read, before there is the first one."""
_LATER = frozenset({408, 409, 425, 429})


class _Again(Exception):
    """The server may answer the same request another time."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after
        """Seconds, at least."""


class _Unreadable(_Again):
    pass


class Endpoint:
    """
    Raises:
        InvalidInput: from `write`: the server refuses the request as it is.
        EmbtuneError: from `write`: it did not answer in spite of all tries.
    """

    def __init__(self, wanted: EndpointWriter, per_passage: int, seed: int) -> None:
        self._wanted, self._per_passage, self._seed = wanted, per_passage, seed
        self._key = os.environ.get(wanted.key_variable, "").strip()
        self.name, self.unanswered = wanted.model, 0
        self.settings: dict[str, Any] = {
            "endpoint": wanted.url,
            "model": wanted.model,
            "prompt": wanted.prompt,
            "set of parameters": wanted.parameters,
            "number of queries for each passage": per_passage,
            "seed": seed,
        }
        self.digest = digest_of(self.settings)

    async def write(self, items: Sequence[Item], done: Container[str]) -> AsyncIterator[list[Entry]]:
        """So many requests at a time as are wanted, the next as soon as one is answered."""
        left = (item for item in items if item.digest not in done)
        answered = False
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        limits = httpx2.Limits(max_connections=self._wanted.at_once)
        async with httpx2.AsyncClient(headers=headers, timeout=self._wanted.timeout, limits=limits) as client:
            running = {asyncio.create_task(self._ask(client, item)) for item in islice(left, self._wanted.at_once)}
            try:
                while running:
                    ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    good = [task.result() for task in ended if task.exception() is None]
                    entries = [entry for entry in good if entry is not None]
                    self.unanswered += len(good) - len(entries)
                    answered = answered or bool(entries)
                    if entries:
                        yield entries
                    for task in ended:
                        task.result()
                    if self.unanswered >= _HOPELESS and not answered:
                        raise self._failed("none of its first replies has a text that can be read. Is it a chat model's address?")
                    running |= {asyncio.create_task(self._ask(client, item)) for item in islice(left, len(ended))}
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)

    async def _ask(self, client: httpx2.AsyncClient, item: Item) -> Entry | None:
        """None: nothing that can be read came, however often it was asked."""
        spent: list[Tokens] = []
        tries = AsyncRetrying(stop=stop_after_attempt(TRIES), wait=_wait, retry=retry_if_exception_type(_Again), reraise=True)
        try:
            queries: list[str] = await tries(self._queries, client, self._body(item), spent)
        except _Unreadable:
            return None
        except _Again as error:
            raise self._failed(f"{error}, {TRIES} times. What is done is kept; the same command goes on from there") from None
        pairs = tuple(Pair(query, item.digest) for query in queries)
        return Entry(item.digest, pairs, sum(spent, Tokens()))

    async def _queries(self, client: httpx2.AsyncClient, body: dict[str, Any], spent: list[Tokens]) -> list[str]:
        try:
            async with asyncio.timeout(self._wanted.timeout):
                response = await client.post(f"{self._wanted.url.rstrip('/')}/chat/completions", json=body)
        except (TimeoutError, httpx2.TimeoutException):
            raise _Again(f"it took more than {self._wanted.timeout:g} s to answer") from None
        except httpx2.TransportError as error:
            raise _Again(f"it cannot be reached ({self._without_key(str(error)) or type(error).__name__})") from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise InvalidInput(f"--endpoint {self._wanted.url}: {error}. Give an address such as https://host/v1.") from None
        self._refuse_bad_status(response)
        found = _json(response)
        spent.append(_tokens(found))
        try:
            choice = found["choices"][0]
            reply = choice["message"]["content"]
        except (KeyError, IndexError, TypeError):
            reply = choice = None
        if not isinstance(reply, str) or not isinstance(choice, dict):
            raise _Unreadable("its reply has no choices[0].message.content")
        return queries_of(reply, self._per_passage, choice.get("finish_reason") == "length")

    def _body(self, item: Item) -> dict[str, Any]:
        prompt = self._wanted.prompt.replace(COUNT, str(self._per_passage)).replace(PASSAGE, item.text[:LONGEST_PASSAGE])
        body = {
            "model": self._wanted.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0.8,
            "max_tokens": _TOKENS_A_QUERY * (self._per_passage + 1),
            "seed": turn(self._seed, "synthesize/ask", item.digest) % 2**31,
            **self._wanted.parameters,
        }
        return {name: value for name, value in body.items() if value is not None}

    def _refuse_bad_status(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status == httpx2.codes.OK:
            return
        said = self._without_key(_said(response))
        told = f"it answered {status}{f' ({said})' if said else ''}"
        if status == httpx2.codes.TOO_MANY_REQUESTS and "insufficient_quota" in response.text:
            raise self._failed(f"{told}: the account has nothing left. What is done is kept; the same command goes on from there")
        if status in _LATER or status >= 500:
            raise _Again(told, _retry_after(response))
        raise InvalidInput(f"--endpoint {self._wanted.url}: {told}. {self._advice(status)}")

    def _advice(self, status: int) -> str:
        if status in (401, 403):
            with_key = "The key is in it" if self._key else "It is not set"
            return f"A key is read from the variable {self._wanted.key_variable}. {with_key}; see whether it is right."
        if status == 404:
            return f"Is there a model {self._wanted.model!r}, and does the address end in /v1, before /chat/completions?"
        return (
            "Requests have model, messages, temperature, max_tokens and seed. Change them with --parameters, such as "
            """'{"max_tokens": null, "max_completion_tokens": 400}'; null leaves one out."""
        )

    def _failed(self, why: str) -> EmbtuneError:
        return EmbtuneError(f"--endpoint {self._wanted.url}: {why}.")

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text


def _wait(state: RetryCallState) -> float:
    """Seconds: longer each time, and as long as the server says."""
    error = state.outcome.exception() if state.outcome else None
    asked = min(error.after, LONGEST_WAIT) if isinstance(error, _Again) else 0.0
    return max(asked, wait_exponential_jitter(multiplier=0.5, max=30, jitter=0.5)(state))


def _retry_after(response: httpx2.Response) -> float:
    """Seconds; 0 where the server does not say, or says it as a date."""
    with suppress(ValueError):
        return max(0.0, float(response.headers.get("retry-after", "0")))
    return 0.0


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _Unreadable("its reply is not a JSON object")
    return found


def _tokens(found: dict[str, Any]) -> Tokens:
    usage = found.get("usage")
    counts = [usage.get(name) if isinstance(usage, dict) else 0 for name in ("prompt_tokens", "completion_tokens")]
    read, written = (count if isinstance(count, int) and count > 0 else 0 for count in counts)
    return Tokens(read=read, written=written)


def _said(response: httpx2.Response) -> str:
    """The server's own words, in one line."""
    try:
        found = response.json()
        error = found.get("error", found.get("message", "")) if isinstance(found, dict) else ""
        words = error.get("message", "") if isinstance(error, dict) else error
    except ValueError:
        words = response.text
    return " ".join(str(words).split())[:200].rstrip(".")
