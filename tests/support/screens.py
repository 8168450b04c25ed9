"""Screenshots as of sold layouts, drawn without a browser: 1280 by 800, JPEG."""

from io import BytesIO

from PIL import Image, ImageDraw

SIZE = (1280, 800)
INKS = ("gold", "crimson", "deepskyblue", "limegreen")


def written(picture):
    out = BytesIO()
    picture.save(out, "JPEG", quality=70)
    return out.getvalue()


def betting_hall(number=0):
    """Bar, banner, and two rows of games; `number` changes colours and texts, as who buys the kit does."""
    ink = INKS[number % len(INKS)]
    picture = Image.new("RGB", SIZE, (20 + 8 * number, 22, 31 + 6 * number))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 1280, 36), "black")
    draw.rectangle((0, 120, 620, 450), ink)
    draw.rectangle((860, 120, 1280, 450), "dimgray")
    draw.rectangle((0, 452, 1280, 490), "white")
    for row in range(2):
        for column in range(4):
            left, top = 140 + column * 254, 520 + row * 150
            draw.rectangle((left, top, left + 238, top + 136), "slategray")
            draw.rectangle((left + 140, top + 16, left + 226, top + 116), ink)
            draw.text((left + 12, top + 12), f"Game {number * 8 + row * 4 + column}", "white")
    draw.text((170, 260), f"Bonus {number * 37 + 18}%", "white", font_size=54)
    draw.text((150, 70), f"House {number}", ink, font_size=30)
    return written(picture)


def stolen_form(number=0):
    """A form for an account beside a picture."""
    picture = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 1280, 80), INKS[number % len(INKS)])
    draw.rectangle((90, 120, 390, 680), (20, 22 + 5 * number, 31))
    draw.rectangle((430, 120, 1170, 680), outline="gray", width=3)
    for row in range(4):
        for column in range(2):
            draw.rectangle((460 + 350 * column, 200 + 70 * row, 780 + 350 * column, 240 + 70 * row), "silver")
    draw.rectangle((460, 560, 1140, 620), INKS[number % len(INKS)])
    draw.rectangle((0, 720, 1280, 800), "black")
    return written(picture)


def plain_text(lines, *, ink="black", ground="white", size=16):
    """What an unstyled page shows."""
    picture = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((8, 8 + number * size * 1.5), line, ink, font_size=size)
    return written(picture)
