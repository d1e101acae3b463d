"""The report page: whole from what the store holds, safe with any text, and honest where something is missing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from embtune_api.documents.job import JobResult
from embtune_api.errors import InvalidInput
from embtune_api.keys import JobKeys
from embtune_api.status import Condition, FineTuneJobStatus
from embtune_operator.report.evidence import read_evidence
from embtune_operator.report.page import render
from embtune_operator.report.subject import find_subject
from embtune_store import Store, documents, open_store
from factories import NOON, publish_version
from support.judged import JOB, LINE, NOT_FOUND, Texts, judged, judged_pairs

WORSE, BETTER = [3] * 60, [1] * 60
VOID = {"meta", "link", "img", "br", "hr", "input", "line", "circle", "rect", "polyline"}


class Structure(HTMLParser):
    """What a browser is asked to do, and whether every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def page_of(store: Store, subject: str = "shop@1") -> str:
    return render(read_evidence(store, find_subject(store, "search", subject)), "store", NOON)


def text_of(page: str) -> str:
    """What a person reads, and nothing else."""
    body = re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_page_answers_the_six_questions_first(store: Store) -> None:
    judged(store, WORSE, BETTER)
    told = text_of(page_of(store))
    for question in ("Which won?", "Why this verdict?", "Worst slice?", "Which queries?", "Is it safe?", "What to do next?"):
        assert told.index(question) < told.index("Scores on the exam")
    assert "shop v1 passed its gates and waits for someone to promote it: ndcg@10 is 0.500 higher than that of the base" in told
    assert "embtune promote shop@1 --reason" in told


def test_every_part_has_what_the_store_holds(store: Store) -> None:
    judged(store, [NOT_FOUND, *WORSE[1:]], [NOT_FOUND, 9, *BETTER[2:]])
    told = text_of(page_of(store))
    for part in (
        "test/mrr@10",
        "over base, 95 % bound",
        "where the base is better",
        "how do I find thing 1",
        "first right answer at rank 9",
        "thing 1 is here",
        "ndcg@10 on validation rows",
        "of step 40, the best on validation",
        "4 rows of the data say the same as another row",
        "train.jsonl",
        "hf://a/b",
        "loss.scale",
    ):
        assert part in told


def test_a_slice_that_got_worse_under_a_better_average_is_the_worst(store: Store) -> None:
    """120 queries of each language: German falls from the first place to the second, English rises from the sixth to the "
    "first."""
    is_german = [n // 2 % 2 == 1 for n in range(240)]
    judged(store, [1 if german else 6 for german in is_german], [2 if german else 1 for german in is_german])
    told = text_of(page_of(store))
    assert "Worst slice? lang=de: -0.369 (1.000 → 0.631, 120 of them, bounds -0.369 to -0.369). Worse." in told
    assert "With care. All gates passed." in told
    assert "It is worse on lang=de: -0.369." in told


def test_a_page_asks_for_nothing_and_is_small(store: Store) -> None:
    judged(store, WORSE, BETTER)
    page = page_of(store)
    structure = Structure(page)
    assert structure.open == []
    assert not [attributes for _, attributes in structure.seen if {"src", "action"} & attributes.keys()]
    assert all(str(link["href"]).startswith("#") for link in structure.all("a"))
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page)
    assert len(page.encode()) < 2_000_000


def test_texts_of_any_length_leave_the_page_small(store: Store) -> None:
    judged(
        store, WORSE, BETTER[::-1], texts=Texts(query="{n}" + "why " * 4_000, answer="{n}" + "so " * 4_000, finding="x" * 90_000)
    )
    assert len(page_of(store).encode()) < 2_000_000


def test_texts_of_the_data_are_texts(store: Store) -> None:
    evil = "<script>alert({n})</script><img src=x onerror=alert(1)>&amp;\"'"
    judged(store, WORSE, [NOT_FOUND, *BETTER[1:]], texts=Texts(evil, evil, evil.replace("{n}", "")))
    page = page_of(store)
    structure = Structure(page)
    assert len(structure.all("script")) == 1
    assert not structure.all("img")
    assert "&lt;script&gt;alert(0)&lt;/script&gt;" in page


def test_only_its_own_script_may_run(store: Store) -> None:
    import base64
    import hashlib

    judged(store, WORSE, BETTER)
    page = page_of(store)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = next(attributes["content"] for attributes in Structure(page).all("meta") if "http-equiv" in attributes)
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"


def test_every_picture_is_told_in_words_and_every_table_scrolls(store: Store) -> None:
    judged(store, WORSE, BETTER)
    structure = Structure(page_of(store))
    ids = [attributes["id"] for _, attributes in structure.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = structure.all("svg")
    assert len(pictures) >= 6
    for picture in pictures:
        assert picture["role"] == "img"
        assert set(str(picture["aria-labelledby"]).split()) <= set(ids)
    scrolling = [attributes for attributes in structure.all("div") if attributes.get("class") == "scroll"]
    assert len(scrolling) == len(structure.all("table"))
    assert all(attributes["tabindex"] == "0" and attributes["aria-label"] for attributes in scrolling)


def test_colours_can_be_read_on_their_paper_in_both_schemes() -> None:
    style = (Path(__file__).parents[3] / "operator/src/embtune_operator/report/templates/style.css").read_text(encoding="utf-8")
    for scheme in style.split("color-scheme: dark")[:2]:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", scheme))
        for ink in ("ink", "soft", "good", "bad", "open", "candidate"):
            assert contrast(colours[ink], colours["paper"]) >= 4.5, ink
        for tone in ("good", "bad", "open"):
            assert contrast(colours[tone], colours[f"{tone}-paper"]) >= 4.5, tone
            assert contrast(colours["ink"], colours[f"{tone}-paper"]) >= 4.5, tone


def contrast(one: str, other: str) -> float:
    """Of WCAG 2.2: 4.5 is what letters need."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_an_exam_of_pairs_has_wins_and_losses_too(store: Store) -> None:
    scores = np.linspace(0, 1, 60)
    blurred = scores + np.random.default_rng(0).normal(0, 0.4, 60)
    blurred[0] = 3.0  # nothing alike, and yet the most similar
    judged_pairs(store, list(blurred), list(scores), list(scores))
    told = text_of(page_of(store))
    assert "spearman is" in told
    assert "one 0 Wanted: other 0 and score 0" in told
    assert "100% of all pairs too far up in the order of likeness" in told
    assert "in its place among all pairs" in told


def test_a_job_is_found_by_its_name_and_a_model_by_its_own(store: Store) -> None:
    judged(store, WORSE, BETTER)
    assert find_subject(store, "search", "shop-1").name == "shop v1"
    assert find_subject(store, "search", "shop@1").job == JOB
    with pytest.raises(InvalidInput, match="neither a job nor a model in production called 'shop-9' in namespace search"):
        find_subject(store, "search", "shop-9")
    with pytest.raises(InvalidInput, match="no version 7"):
        find_subject(store, "search", "shop@7")


def test_what_has_been_cleaned_up_is_said_to_be_gone(store: Store) -> None:
    judged(store, WORSE, BETTER)
    for folder in (JOB.root, LINE.exam("e" * 64).root):
        for stored in list(store.list(folder)):
            store.delete(stored.key)
    told = text_of(page_of(store))
    assert "The training report is not in the store" in told
    assert "The data report is not in the store" in told
    assert "the kept scores are gone" in told
    assert "shop v1 passed its gates" in told


def test_a_job_that_failed_has_a_page_too(store: Store) -> None:
    condition = Condition(
        type="Failed", status="True", reason="Error", message="train failed: the loss is nan", last_transition_time=NOON
    )
    status = FineTuneJobStatus(phase="Failed", conditions=[condition], finished_at=NOON)
    documents.put(store, JobKeys("search", "boat-1", "uid-9").result, JobResult(status=status))
    told = text_of(page_of(store, "boat-1"))
    assert "boat-1 has no verdict: train failed: the loss is nan." in told
    assert "run the job again" in told
    assert "Nothing has been examined." in told


def test_a_job_that_has_not_ended_shows_how_far_it_is(store: Store) -> None:
    judged(store, WORSE, BETTER)
    store.delete(JOB.result)
    told = text_of(page_of(store, "shop-1"))
    assert "shop-1 has no verdict: the job has not ended" in told
    assert "of step 40, the best on validation" in told


def test_a_version_that_nobody_knows_more_of(store: Store) -> None:
    """Registered from outside: no job, no base, no scores that are kept."""
    publish_version(store, LINE, 1)
    assert "Nobody told: the model was trained elsewhere." in text_of(page_of(store))
