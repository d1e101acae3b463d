"""Label noise on real data, with the real base model: what was relabelled by people, and what was exchanged on purpose."""

import csv
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.encoder import device_for, load_encoder
from embtune_trainer.evaluate.encoding import encode
from embtune_trainer.prepare.label_noise import suspect
from embtune_trainer.prepare.normalise import normalise
from support.real_model import real_model
from support.rows import banking77_texts
from unit.trainer.prepare_world import World, write_jsonl

TESTS = Path(__file__).parents[2]
PAGE = (TESTS.parent / "docs" / "checks.md").read_text(encoding="utf-8")


def embedded(texts: list[str]) -> NDArray[np.float32]:
    return encode(load_encoder(real_model(), device_for(0)), texts, "either", lambda _: None)


def curekart() -> list[dict[str, str]]:
    with (TESTS / "data" / "hint3" / "curekart_v1_v2.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_that_people_relabelled_are_near_the_top_of_the_list() -> None:
    rows = curekart()
    texts, changed = [row["sentence"] for row in rows], np.array([row["changed"] == "1" for row in rows])
    found = suspect(embedded(texts), [row["label_v1"] for row in rows], list(map(normalise, texts)))
    top = found.ranked[: len(rows) // 10]
    caught = int(changed[top].sum())
    lift = changed[top].mean() / changed.mean()
    draws = np.random.default_rng(0)
    by_chance = np.mean([draws.permutation(changed)[: len(top)].sum() >= caught for _ in range(20_000)])
    assert changed.sum() == 36
    assert lift >= 2.5, (lift, caught)
    assert by_chance < 0.01, by_chance
    said = (
        f"{caught} of the 36 rows are in the first tenth of the list: {lift:.1f} times as many as by chance (p = {by_chance:.3f})"
    )
    assert said in re.sub(r"\s+", " ", PAGE), said


def test_labels_that_were_exchanged_on_purpose_are_found() -> None:
    texts, labels = map(list, zip(*banking77_texts(), strict=True))
    draws = np.random.default_rng(1)
    given = np.array(labels, dtype=object)
    exchanged = np.where(draws.random(len(given)) < 0.05, draws.permutation(given), given)
    wrong = exchanged != given
    found = suspect(embedded(texts), list(exchanged), list(map(normalise, texts)))
    first = wrong[found.ranked[: wrong.sum()]].mean()
    flagged = wrong[found.flagged].mean(), wrong[found.flagged].sum() / wrong.sum()
    assert first > 0.7
    assert min(flagged) > 0.5
    said = f"{first:.0%} of the first {wrong.sum()} rows of the list are such ({flagged[1]:.0%} of them are suspected)"
    assert said in re.sub(r"\s+", " ", PAGE), said


def test_a_job_removes_suspects_from_what_it_learns_and_leaves_the_exam_alone(tmp_path: Path) -> None:
    rows = [{"text": text, "category": label} for text, label in banking77_texts()[:600]]
    for row in rows[::20]:
        row["category"] = rows[7]["category"]
    columns = {"text": "text", "label": "category"}
    (tmp_path / "hub").symlink_to(real_model())
    said = {}
    for action, order in (("Ignore", rows), ("Warn", rows), ("Fix", rows), ("Fix", rows[::-1])):
        world = World(tmp_path)
        write_jsonl(tmp_path / "rows.jsonl", order)
        request = world.request(
            "rows.jsonl", columns=columns, base={"uri": "hub"}, checks={"labelNoise": action}, build={"labelledTexts": "Batches"}
        )
        done = world.prepare(request)
        finding = next((f for f in done.report.findings if f.check == "label-noise"), None)
        if action != "Ignore":
            assert finding is not None
            assert done.report.labels is not None
            assert finding.rows == done.report.labels.suspected > 10
            assert done.report.labels.ranked[0].neighbours[0].endswith(f"→ {done.report.labels.ranked[0].other}")
        texts = {row["text"] for row in done.train} | {row["text"] for row in done.validation}
        said[action, order is rows] = (done.facts.exam, texts, finding, done.bytes_of(done.places.train_rows))
    ignored, warned, fixed, turned = said.values()
    assert ignored[0] == warned[0] == fixed[0]
    assert ignored[1] == warned[1]
    assert ignored[2] is None
    assert fixed[2] is not None
    assert len(ignored[1]) - len(fixed[1]) == fixed[2].rows
    assert fixed[3] == turned[3], "whatever the order of the source"
