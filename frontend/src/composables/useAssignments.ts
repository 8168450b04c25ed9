/** Who takes care of a finding: the people who can be asked, and what is said of it. */

import type { AssignmentInfo, AssignmentRequest, Due, FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useMe } from "@/stores/me";

import type { DecidedFinding } from "./useDecisions";

const MOST_USERS = 200; // the largest page that the server gives
const WEEK_MS = 7 * 86_400_000;

export interface Person {
  id: string;
  name: string;
}

/** The finding as the server has just assigned it. */
export function assignedAs<T extends FindingSummary>(finding: T, assignment: AssignmentInfo): T {
  return { ...finding, assignment };
}

/** Whether the due date has passed: due dates are days of UTC. */
export function isOverdue(dueOn: string, now = new Date()): boolean {
  return dueOn < dayOf(now);
}

/** Whether a due date is among those that the review is asked for, as the server reads it. */
export function isDue(dueOn: string | null, due: Due, now = new Date()): boolean {
  if (dueOn === null) return false;
  if (due === "overdue") return isOverdue(dueOn, now);
  return !isOverdue(dueOn, now) && dueOn <= dayOf(new Date(now.getTime() + WEEK_MS));
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

export function useAssignments() {
  const { api } = useAccount();
  const me = useMe();

  /** Over the assignment of the version that the reader has seen; a newer one of somebody else is a failure. */
  function assign({ taskId, attempt, finding }: DecidedFinding, said: AssignmentRequest): Promise<AssignmentInfo> {
    return api.call("PUT /api/v1/tasks/{task_id}/findings/{finding_id}/assignment", {
      path: { task_id: taskId, finding_id: finding.finding_id }, query: { attempt }, body: said,
    });
  }

  /** Who may be assigned a finding of this scan: for administrators its owner and all administrators, for others themselves. */
  async function readPeople(taskId: string): Promise<Person[]> {
    if (!me.isAdmin) return me.user === null ? [] : [{ id: me.user.id, name: me.user.username }];
    const [task, users] = await Promise.all([
      api.call("GET /api/v1/tasks/{task_id}", { path: { task_id: taskId } }),
      api.call("GET /api/v1/admin/users", { query: { page_size: MOST_USERS } }),
    ]);
    const able = users.items.filter(({ id, role, is_active }) => is_active && (role === "admin" || id === task.user_id));
    return able.map(({ id, username }) => ({ id, name: username }));
  }

  return { assign, readPeople };
}
