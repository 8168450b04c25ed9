"""Pages of the demo scan's report for the documents, in both languages: scans the test internet, needs Chromium."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image

IMAGES = Path("docs/images")
COMPLIANCE = Path(sys.executable).with_name("compliance")
LANGUAGES = ("zh-CN", "en")
PAGES = (0, 2, 3)  # cover and overview, a finding, its captures
WIDTH = 640  # pixels of a page
WINDOW = (1000, 1500)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = Path(sys.argv[1]) if len(sys.argv) > 1 else scan(folder / "data")
        for language in LANGUAGES:
            pdf, html = (report(data, folder / f"{language}.{kind}", language) for kind in ("pdf", "html"))
            save(beside(pages_of(pdf)), f"report-pdf.{language}.png")
            save(look_at(html, folder / f"{language}.png"), f"report-html.{language}.png")


def scan(data: Path) -> Path:
    subprocess.run([COMPLIANCE, "scan", "corp.test", "--testnet", "--data-dir", data], check=False)
    return data


def report(data: Path, path: Path, language: str) -> Path:
    subprocess.run([COMPLIANCE, "report", data, "--output", path, "--lang", language], check=True)
    return path


def pages_of(pdf: Path) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    return [document[number].render(scale=WIDTH / document[number].get_width()).to_pil() for number in PAGES]


def beside(pages: list[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (sum(page.width + 8 for page in pages), max(page.height for page in pages)), "#888")
    left = 0
    for page in pages:
        whole.paste(page, (left, 0))
        left += page.width + 8
    return whole


def look_at(html: Path, picture: Path) -> Image.Image:
    window = f"--window-size={WINDOW[0]},{WINDOW[1]}"
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", window, f"--screenshot={picture}"]
    subprocess.run(["chromium", *options, html.as_uri()], check=True, capture_output=True)
    return Image.open(picture)


def save(picture: Image.Image, name: str) -> None:
    """A palette is enough for text, and a fifth of the size."""
    path = IMAGES / name
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
