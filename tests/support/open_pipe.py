"""Answers an order for a list with nonsense, and leaves a process behind that holds the pipe of the answer. Run by
`update_in_process(module="tests.support.open_pipe")`; the file `held` of the order's folder has the id of that process.
"""

import subprocess
import sys
from pathlib import Path

import orjson

order = orjson.loads(sys.stdin.buffer.readline())["order"]
held = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
Path(order["folder"], "held").write_text(str(held.pid))
sys.stdout.write("null\n")
sys.stdout.flush()
