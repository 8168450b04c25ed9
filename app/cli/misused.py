"""A value that one of our own checks refuses."""

from typer import BadParameter


class Misused(BadParameter):
    """A value that one of our own checks refuses. `key`: of the catalogue, below `usage.`."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
