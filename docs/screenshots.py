"""Take pictures of a report page as people see it: wide and narrow, light and dark. `make screenshots`.

python docs/screenshots.py PAGE.html FOLDER

Needs the Debian packages chromium and pngquant. Raises CalledProcessError when one of them fails.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

WIDE, NARROW = 1280, 360
MOST_BYTES = 300_000
"""All pictures together."""


@dataclass(frozen=True)
class Shot:
    name: str
    width: int
    height: int
    part: str = ""
    """Id of the only part that is shown; empty: all, from the begin."""
    dark: bool = False


SHOTS = (
    Shot("report-wide", WIDE, 1280),
    Shot("report-wide-dark", WIDE, 1280, dark=True),
    Shot("report-narrow", NARROW, 1100),
    Shot("report-narrow-dark", NARROW, 1100, dark=True),
    Shot("report-cases", WIDE, 900, "cases"),
    Shot("report-training", WIDE, 800, "training"),
)


def main() -> None:
    page, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    pictures = [take(shot, page, folder) for shot in SHOTS]
    size = sum(picture.stat().st_size for picture in pictures)
    for picture in pictures:
        sys.stdout.write(f"{picture} {picture.stat().st_size / 1000:.0f} kB\n")
    if size > MOST_BYTES:
        sys.exit(f"{size:,} bytes of pictures are more than {MOST_BYTES:,}")


def take(shot: Shot, page: Path, folder: Path) -> Path:
    """One picture, with as few colours as it takes."""
    target = folder / f"{shot.name}.png"
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.png"
        scheme = 0 if shot.dark else 1
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={scratch}/profile",
            f"--window-size={shot.width},{shot.height}",
            f"--blink-settings=preferredColorScheme={scheme}",
            f"--screenshot={whole}",
        ]
        shown = Path(scratch) / "page.html"
        shown.write_text(only(shot.part, page.read_text(encoding="utf-8")), encoding="utf-8")
        subprocess.run(["chromium", *options, shown.as_uri()], check=True, capture_output=True, timeout=120)
        subprocess.run(["pngquant", "--force", "--speed", "1", "--output", str(target), "32", str(whole)], check=True)
    return target


def only(part: str, html: str) -> str:
    """The page with the other parts hidden."""
    style = f"<style>header, footer, main > section:not([aria-labelledby={part}]) {{ display: none }}</style>" if part else ""
    return html.replace("</head>", f"{style}</head>")


if __name__ == "__main__":
    main()
