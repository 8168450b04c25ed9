/** The addresses of the views: what stands behind the `#`. Knows no DOM. */

const TASK_ID = /^[0-9a-f-]{36}$/;
const KINDS = new Set(["findings", "third-parties", "pages"]); // what a scan shows one by one

/**
 * `{view, taskId, kind, key, attempt}` of a hash. `view`: "tasks", "task" or "detail"; `taskId` null: the address names
 * no task; `attempt` null: what the server shows without one.
 */
export function parseRoute(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [room, taskId, kind, key] = path.split("/").map(decoded);
  if (room !== "tasks" || !taskId) return { view: "tasks" };
  const attempt = Number(new URLSearchParams(query).get("attempt"));
  const scope = { taskId: TASK_ID.test(taskId) ? taskId : null, attempt: Number.isInteger(attempt) && attempt > 0 ? attempt : null };
  const isDetail = scope.taskId !== null && KINDS.has(kind) && Boolean(key);
  return isDetail ? { view: "detail", kind, key, ...scope } : { view: "task", ...scope };
}

/** The address of a scan's view, or of one thing of it. */
export function addressOf({ taskId, attempt = null }, kind = null, key = null) {
  const tail = kind === null ? "" : `/${kind}/${encodeURIComponent(key)}`;
  return `#/tasks/${taskId}${tail}${attempt === null ? "" : `?attempt=${attempt}`}`;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return ""; // no address of ours
  }
}
