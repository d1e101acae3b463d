"""Writes `crds/*.yaml` from the models: `make generate`. With `--check` it only says what would change, and fails if anything."""

import difflib
import io
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from embtune_api.crd.definition import definitions

FOLDER = Path(__file__).resolve().parent
HEADER = "# Made by `make generate` from crds/src/embtune_api: change the models, not this file.\n"


def main() -> int:
    wanted = {FOLDER / f"{_file_stem(definition)}.yaml": HEADER + _yaml(definition) for definition in definitions()}
    if "--check" in sys.argv[1:]:
        return _check(wanted)
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    for path in set(FOLDER.glob("*.yaml")) - set(wanted):
        path.unlink()
    return 0


def _check(wanted: dict[Path, str]) -> int:
    there = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}
    for path in sorted({*wanted, *there}):
        lines = (there.get(path, "").splitlines(keepends=True), wanted.get(path, "").splitlines(keepends=True))
        sys.stdout.writelines(difflib.unified_diff(*lines, f"{path.name} as it is", f"{path.name} as the models say"))
    return int(wanted != there)


def _file_stem(definition: dict[str, Any]) -> str:
    return f"{definition['spec']['group']}_{definition['spec']['names']['plural']}"


def _yaml(value: dict[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 130
    yaml.representer.ignore_aliases = lambda _: True
    text = io.StringIO()
    yaml.dump(value, text)
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main())
