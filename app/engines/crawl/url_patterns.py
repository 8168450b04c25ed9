"""Properties of a URL before its request: the pattern shared by similar URLs, and whether it names a file."""

import re
from typing import Final

MAX_URL: Final = 1_024  # characters; longer ones are odd
MAX_SEGMENTS: Final = 16
MAX_SAME_SEGMENT: Final = 4  # /a/b/a/b/a/b/a/b
MANY_PARAMETERS: Final = 3  # from here on their combinations are facets of one list
# Parameters that say which part of the program answers (PHPCMS, ThinkPHP, Discuz, Joomla, DedeCMS, ...): index.php with
# another `m`, `c` and `a` is another page, as another path would be.
SELECTORS: Final = frozenset(
    {"m", "c", "a", "r", "s", "g", "mod", "module", "controller", "act", "action", "do", "op", "option", "view", "task"}
)
_SELECTED: Final = re.compile(r"[A-Za-z][A-Za-z_./-]{0,39}")  # a word: numbers and codes are contents, not parts
_DIGITS: Final = re.compile(r"\d+")
# What the pattern of a URL ends with that no person would write.
ODD: Final = "!odd"
# Documents that a browser would not show as a page: asked for last, and without their body.
BINARY: Final = frozenset(
    {
        "7z", "aac", "apk", "avi", "bin", "bmp", "bz2", "csv", "deb", "dmg", "doc", "docx", "eot", "epub", "exe",
        "flac", "flv", "gif", "gz", "ico", "iso", "jar", "jpeg", "jpg", "m4a", "m4v", "mkv", "mov", "mp3", "mp4",
        "mpeg", "mpg", "msi", "ods", "odt", "ogg", "ogv", "otf", "pdf", "pkg", "png", "ppt", "pptx", "psd", "rar",
        "rpm", "rtf", "svg", "tar", "tgz", "tif", "tiff", "ttf", "wav", "webm", "webp", "wma", "wmv", "woff", "woff2",
        "xls", "xlsx", "xz", "zip",
    }
)  # fmt: skip


def url_pattern(url: str) -> str:
    """Return what a URL has in common with its like: host, first folder, kinds of other segments, parameter names.

    Segments count as words, numbers (`#`) or mixtures (`@`); equal kinds in a row are one. Takes a serialised URL.
    """
    address, _, query = url.partition("#")[0].partition("?")
    _, _, rest = address.partition("//")
    host, *segments = rest.split("/")
    if _is_odd(url, segments):
        return host + ODD
    *folders, name = segments or [""]
    stem, dot, extension = name.rpartition(".")
    kinds = [*(_kind(folder) for folder in folders), _kind(stem if dot else name)]
    if folders and kinds[0] == "w":
        kinds[0] = folders[0]
    path = "/".join(kind for index, kind in enumerate(kinds) if index == 0 or kind != kinds[index - 1])
    return f"{host}/{path}{dot}{extension if dot else ''}{_parameters(query)}"


def _kind(segment: str) -> str:
    if segment.isdigit():
        return "#"
    return "@" if _DIGITS.search(segment) else "w"


def _is_odd(url: str, segments: list[str]) -> bool:
    if len(url) > MAX_URL or len(segments) > MAX_SEGMENTS:
        return True
    if len(segments) < MAX_SAME_SEGMENT:
        return False
    return any(segments.count(segment) >= MAX_SAME_SEGMENT for segment in set(segments) if segment)


def _parameters(query: str) -> str:
    """Write selecting parameters with their values, of the others the names."""
    if not query:
        return ""
    pairs = sorted({_parameter(pair) for pair in query.split("&")})
    selecting = [pair for pair in pairs if "=" in pair]
    others = [pair for pair in pairs if "=" not in pair]
    return "?" + "&".join([*selecting, *(["*"] if len(others) >= MANY_PARAMETERS else others)])


def _parameter(pair: str) -> str:
    name, _, value = pair.partition("=")
    return pair if name in SELECTORS and _SELECTED.fullmatch(value) else name


def path_of(pattern: str) -> str:
    """Return the path of a pattern with what its parameters select; "" without parameters."""
    path, mark, query = pattern.partition("?")
    return f"{path}?" + "&".join(pair for pair in query.split("&") if "=" in pair) if mark else ""


def is_binary(url: str) -> bool:
    """Whether the extension names a file: a hint for order and for how much is read, never for what is looked at."""
    folder, _, name = url.partition("#")[0].partition("?")[0].rpartition("/")
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in BINARY and not folder.endswith("/")
