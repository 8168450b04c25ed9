"""How far apart looks of pictures are: of one picture in other sizes and formats, and of different pictures.

    python -m tests.eval.looks --root /usr/share/icons --root /usr/share/doc

reads the pictures below these folders (at most 2,000, of 8 to 1,024 pixels), each once as it is, and scaled and written
anew as sites do with their icons. It prints how many pairs of each sort are within each distance.
"""

import argparse
from collections import Counter
from io import BytesIO
from itertools import combinations, islice
from pathlib import Path

from PIL import Image

from app.engines.analyse.structure.looks import MAX_COLOUR, colour_distance, distance
from app.engines.parsing.picture_look import look_of

MAX_PICTURES = 2_000
SIDES = (16, 32, 48, 96)
STEPS = (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 32)


def pictures(roots):
    found = {}
    for root in roots:
        for path in sorted(Path(root).rglob("*.png")):
            data = path.read_bytes()
            with Image.open(BytesIO(data)) as image:
                if min(image.size) >= 8 and max(image.size) <= 1_024 and len(found) < MAX_PICTURES:
                    found.setdefault(image.convert("RGBA").resize((16, 16)).tobytes(), data)
    return list(found.values())


def variants(data):
    """The picture in the sizes of icons, as PNG, as JPEG and as ICO."""
    with Image.open(BytesIO(data)) as image:
        seen = image.convert("RGBA")
    for side in SIDES:
        scaled = seen.resize((side, side), Image.Resampling.LANCZOS)
        for kind in ("PNG", "ICO", "JPEG"):
            written = BytesIO()
            ground = Image.new("RGBA", scaled.size, "white")
            plain = Image.alpha_composite(ground, scaled).convert("RGB") if kind == "JPEG" else scaled
            plain.save(written, kind, **({"sizes": [(side, side)]} if kind == "ICO" else {}))
            yield written.getvalue()


def table(name, pairs):
    """Count pairs by distance, those of another colour left out."""
    counts, total = Counter(), 0
    for one, other in pairs:
        total += 1
        if colour_distance(one, other) <= MAX_COLOUR:
            counts[distance(one, other)] += 1
    print(f"{name}: {total} pairs")
    for step in STEPS:
        within = sum(count for value, count in counts.items() if value <= step)
        print(f"  within {step:2}: {within:8} ({100 * within / max(1, total):.3f} %)")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", action="append", required=True)
    found = pictures(options.parse_args().root)
    looks = [(data, look) for data in found if (look := look_of(data)) is not None]
    print(f"{len(found)} pictures, {len(looks)} of which show something")
    same = ((look, other) for data, look in looks for changed in variants(data) if (other := look_of(changed)))
    table("one picture, scaled and written anew", same)
    table("different pictures", islice(combinations([look for _, look in looks], 2), 3_000_000))


if __name__ == "__main__":
    main()
