"""Display texts that stand in events, in the deployment's language. The codes beside them are what programs read."""

from types import MappingProxyType
from typing import Final

from app.domain.verdict import CUTS, DECISIVE, Result, Verdict, reason_name

TEXTS: Final = MappingProxyType(
    {
        "task_created": ("扫描任务已创建", "Scan task created"),
        "task_started": ("扫描任务开始执行", "Scan started"),
        "task_completed": ("扫描任务已完成", "Scan completed"),
        "task_cut": ("扫描任务已完成，但不完整：{reasons}", "Scan completed, but cut short: {reasons}"),
        "task_inconclusive": (
            "扫描任务已完成，但没有结论：{reasons}",
            "Scan completed without a conclusion: {reasons}",
        ),
        "task_failed": ("扫描任务失败", "Scan failed"),
        "task_cancelled": ("扫描任务已取消", "Scan cancelled"),
        "long_running": ("任务已运行 {hours:.1f} 小时", "The task has been running for {hours:.1f} hours"),
        "timeout": ("任务运行超过 {hours:.1f} 小时，已标记为失败", "The task ran for more than {hours:.1f} hours"),
        "stalled": ("任务已 {minutes:.0f} 分钟没有进展", "No progress for {minutes:.0f} minutes"),
        "worker_suspect": ("扫描进程没有心跳", "The scan process has missed its heartbeats"),
        "worker_lost": ("扫描进程丢失", "The scan process was lost"),
        "queued": ("任务排队中，当前位置 {position}", "Waiting in the queue at position {position}"),
        "no_worker": ("没有可用的扫描进程", "No worker is there to run the task"),
        "no_resources": (
            "缺少系统资源（磁盘、描述符或内存），任务等待后重试",
            "A resource is missing (disk, descriptors or memory); the task waits and is tried again",
        ),
        "scan_failed": ("扫描过程中发生内部错误", "The scan met an internal error"),
        "store_failed": ("扫描数据无法读写", "The scan's data cannot be read or written"),
        "log_lines_dropped": ("此处省略 {count} 行日志", "{count} log lines were left out here"),
        "log_full": ("任务日志已达上限，后续日志不再保存", "The log of the task is full: no further line is kept"),
        "cancel_forced": ("任务取消超时，已强制终止", "The scan did not stop in time and was ended by force"),
        "connected": ("WebSocket连接已建立", "WebSocket connection established"),
    }
)


class Texts:
    """`texts("stalled", minutes=5)`: the text of that key in the language given."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        zh, en = TEXTS[key]
        return (en if self.language == "en" else zh).format(**values)

    def completion(self, verdict: Verdict) -> str:
        """What `task_completed` says: what a reader must know before the numbers comes first."""
        wanted = DECISIVE if verdict.result is Result.INCONCLUSIVE else frozenset(CUTS)
        said = [reason_name(reason, self.language) for reason in verdict.reasons if reason in wanted | set(CUTS)]
        if not said:
            return self("task_completed")
        key = "task_inconclusive" if verdict.result is Result.INCONCLUSIVE else "task_cut"
        return self(key, reasons=("; " if self.language == "en" else "；").join(said))
