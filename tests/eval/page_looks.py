"""How far apart looks of pages are: of one kit in other words and colours, and of different pages.

    python -m tests.eval.page_looks [--pages N]

renders the layouts in `tests/eval/kits`, each as six buyers would fill it, and all whole pages of `tests/eval`, without
a network, by this machine's Chromium. It prints how many have a look, and how many pairs are within each distance.
"""

import argparse
import asyncio
import json
import random
import re
import shutil
from itertools import combinations, islice
from pathlib import Path

from playwright.async_api import async_playwright

from app.engines.capture.page_renderer import HEIGHT, JPEG_QUALITY, WIDTH
from app.engines.parsing.picture_look import page_look_of
from tests.eval.pages.pages import pages

EVAL = Path("tests/eval")
BUYERS = 6
NAMES = ("金沙娱乐城", "威尼斯人国际", "Lucky Palace", "澳博真人", "新葡京棋牌", "Royal Nine")
INKS = ("#d4a017", "#c62828", "#1565c0", "#2e7d32", "#6a1b9a", "#ef6c00")
GROUNDS = ("#14161f", "#2b0d0d", "#0b1f3a", "#0d2614", "#1d1030", "#332211")
CHINESE = ("首存送彩金", "真人荷官", "百家乐", "电子游艺", "体育投注", "彩票大厅", "棋牌游戏", "优惠活动", "会员登录")
ENGLISH = ("Welcome bonus", "Live dealers", "Baccarat", "Slots", "Sports bets", "Poker room", "Promotions", "Sign in")
STEPS = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)


def kits():
    """Yield (name of the kit, its page as a buyer filled it)."""
    for path in sorted((EVAL / "kits").glob("*.html")):
        for buyer in range(BUYERS):
            yield path.stem, _filled(path.read_text(encoding="utf-8"), buyer, random.Random(f"{path.stem}{buyer}"))


def _filled(template, buyer, chance):
    words = ENGLISH if buyer % 3 == 2 else CHINESE
    made = {
        "w": lambda: chance.choice(words),
        "n": lambda: str(chance.randint(18, 888)),
        "hue": lambda: str(chance.randint(0, 360)),
        "light": lambda: str(chance.randint(25, 65)),
        "name": lambda: NAMES[buyer],
        "ink": lambda: INKS[buyer],
        "ground": lambda: GROUNDS[buyer],
    }
    return re.sub(r"\{(w|n|hue|light|name|ink|ground)\}", lambda found: made[found[1]](), template)


def written_pages():
    """Yield (id, page): none has a style, so none may have a look."""
    for page in pages():
        yield page.id, page.html
    for line in (EVAL / "mixed_5.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        if "html" in item:
            yield item["id"], item["html"]


async def looks_of(browser, documents):
    context = await browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, offline=True)
    found = []
    for name, document in documents:
        page = await context.new_page()
        await page.set_content(document, wait_until="domcontentloaded")
        found.append((name, page_look_of(await page.screenshot(type="jpeg", quality=JPEG_QUALITY))))
        await page.close()
    await context.close()
    return found


def table(name, pairs):
    distances = [one.distance(other) for one, other in pairs]
    least = f", the nearest {min(distances):.2f}" if distances else ""
    print(f"{name}: {len(distances)} pairs{least}")
    for step in STEPS if distances else ():
        within = sum(distance <= step for distance in distances)
        print(f"  within {step:.2f}: {within:6} ({100 * within / len(distances):.1f} %)")


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, help="at most so many of each sort")
    most = parser.parse_args().pages
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        of_kits, of_pages = [
            await looks_of(browser, islice(documents, most)) for documents in (kits(), written_pages())
        ]
        await browser.close()
    for name, found in (("kits", of_kits), ("pages", of_pages)):
        print(f"{name}: {sum(look is not None for _, look in found)} of {len(found)} have a look")
    known = [(kit, look) for kit, look in of_kits if look is not None]
    pairs = list(combinations(known, 2))
    table("one kit", [(one[1], other[1]) for one, other in pairs if one[0] == other[0]])
    table("different kits", [(one[1], other[1]) for one, other in pairs if one[0] != other[0]])


if __name__ == "__main__":
    asyncio.run(main())
