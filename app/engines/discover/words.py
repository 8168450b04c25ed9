"""The dictionary: labels that administrators give to hosts, with those of Chinese institutions in pinyin."""

from importlib.resources import files


def load_words() -> tuple[str, ...]:
    """Our own list, most telling first, each once."""
    lines = files("app.engines.discover").joinpath("words.txt").read_text(encoding="utf-8").splitlines()
    words = (line.strip() for line in lines)
    return tuple(dict.fromkeys(word for word in words if word and not word.startswith("#")))
