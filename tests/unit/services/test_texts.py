"""What `task_completed` says to people."""

import pytest

from app.domain.verdict import Reason, Result, Verdict
from app.services.texts import Texts


@pytest.mark.parametrize(
    ("result", "reasons", "en", "zh"),
    [
        (Result.CLEAN, (), "Scan completed", "扫描任务已完成"),
        (Result.VIOLATIONS, (Reason.ROBOTS,), "Scan completed", "扫描任务已完成"),
        (
            Result.CLEAN,
            (Reason.PAGE_LIMIT,),
            "Scan completed, but cut short: the limit of pages was reached",
            "扫描任务已完成，但不完整：达到页面数限制",
        ),
        (
            Result.INCONCLUSIVE,
            (Reason.START_PAGE, Reason.DEPTH, Reason.ROBOTS),
            (
                "Scan completed without a conclusion: the start page showed nothing that could be judged; "
                "beyond the limit of depth"
            ),
            "扫描任务已完成，但没有结论：起始页没有可检查的内容；超出深度限制",
        ),
    ],
)
def test_what_decides_and_what_cut_it_short_is_said(result, reasons, en, zh):
    verdict = Verdict(result, reasons)
    assert Texts("en").completion(verdict) == en
    assert Texts("zh-CN").completion(verdict) == zh
