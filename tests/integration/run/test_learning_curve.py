"""A learning curve by the real command: interrupted, it goes on where it stopped."""

from pathlib import Path

from support.command import embtune, interrupted
from support.published import PUBLISHED
from support.tiny_model import make_tiny_model


def test_a_curve_that_was_interrupted_goes_on_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = PUBLISHED["stsb"].write(tmp_path)
    tiny = make_tiny_model(tmp_path / "tiny", file.read_text(encoding="utf-8").replace(",", " ").split())
    env = {"EMBTUNE_CACHE": str(tmp_path / "cache")}
    arguments = ("data", file, "--base-model", tiny, "--learning-curve", "--seeds", 1, "--json")
    assert "what is done is kept" in interrupted(*arguments, at="2 of 4", env=env, all_processes=False)

    told = embtune(*arguments, env=env).ended(0)
    assert "1 of 4: " in told.err
    assert "kept from before" in told.err.partition("2 of 4")[0]
    curve = told.json["curve"]
    train = told.json["report"]["prepared"]["train"]
    assert [point["rows"] for point in curve["points"]] == [round(train * share) for share in (1 / 8, 1 / 4, 1 / 2, 1)]
    assert curve["metric"] == "spearman"
    assert curve["base"] == told.json["base"]["score"], "look and the step evaluate measure alike"
    assert curve["doubled"]["lower"] < curve["doubled"]["value"] < curve["doubled"]["upper"]
    assert "tuning on all rows won" in "; ".join(told.json["advice"]["reasons"])
    assert not list((tmp_path / "cache" / "curves").iterdir())
