"""Makes the font of PDF reports: the part of Noto Sans CJK SC that reports need, with TrueType outlines.

Latin, Greek, Cyrillic, symbols, kana, and the Chinese characters of GB 2312 and of Big5's frequent half. reportlab
takes no PostScript outlines, which Noto has (ADR 0025). Needs `requirements/font.txt` and Debian's `fonts-noto-cjk`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SIMPLIFIED = 2  # its number in the collection
TARGET = Path("app/reports/formats/fonts/report-sans.ttf")
RANGES = ((0x20, 0x250), (0x370, 0x530), (0x2000, 0x2070), (0x20A0, 0x20C0), (0x2100, 0x2700), (0x3000, 0x3100))
WIDE = (0xFF00, 0xFFF0)
MAX_ERROR = 1.5  # units of 1000 in an em, between a cubic curve and the quadratic ones in its place
UNUSED = ("GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG")
LIMITS = "maxTwilightPoints maxStorage maxFunctionDefs maxInstructionDefs maxStackElements maxSizeOfInstructions"
COUNTS = "maxComponentElements maxPoints maxContours maxCompositePoints maxCompositeContours maxComponentDepth"


def characters() -> set[int]:
    found = {code for first, end in (*RANGES, WIDE) for code in range(first, end)}
    return found | set(codes("gb2312", range(0xA1, 0xF8))) | set(codes("big5", range(0xA4, 0xC7)))


def codes(codec: str, lead_bytes: range) -> Iterator[int]:
    for lead in lead_bytes:
        for trail in range(0x40, 0xFF):
            decoded = bytes((lead, trail)).decode(codec, "ignore")
            if len(decoded) == 1:
                yield ord(decoded)


def cut() -> Any:
    options = subset.Options(
        layout_features=[], hinting=False, desubroutinize=True, glyph_names=False, notdef_outline=True
    )
    options.drop_tables += UNUSED
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    font = TTFont(SOURCE, fontNumber=SIMPLIFIED, lazy=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    return font


def make_truetype(font: Any) -> None:
    order, drawn = font.getGlyphOrder(), font.getGlyphSet()
    outlines = {name: outline(drawn[name]) for name in order}
    font["loca"], table = newTable("loca"), newTable("glyf")
    font["glyf"] = table
    table.glyphOrder, table.glyphs = order, outlines
    for glyph in outlines.values():
        glyph.recalcBounds(table)
    limits = font["maxp"]
    limits.tableVersion, limits.numGlyphs, limits.maxZones = 0x00010000, len(order), 1
    for name in (*LIMITS.split(), *COUNTS.split()):
        setattr(limits, name, 0)
    font["post"].formatType = 3.0
    font["head"].glyphDataFormat = 0
    font.sfntVersion = "\x00\x01\x00\x00"
    del font["CFF "]


def outline(glyph: Any) -> Any:
    pen = TTGlyphPen(None)
    glyph.draw(Cu2QuPen(pen, MAX_ERROR, reverse_direction=True))
    return pen.glyph()


def main() -> int:
    font = cut()
    make_truetype(font)
    font.save(TARGET)
    print(f"{TARGET}: {len(font.getGlyphOrder())} glyphs, {TARGET.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
