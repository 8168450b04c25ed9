"""What `compliance reader` can do, as the words that one types."""

from enum import StrEnum


class ReaderAction(StrEnum):
    """The words behind `compliance reader`."""

    TRAIN = "train"
    REPORT = "report"
    ENABLE = "enable"
    DISABLE = "disable"
    LIST = "list"
