/** Who takes care of a finding: the people who can be asked, and what is said of it. */

import type { AssignmentInfo, AssignmentRequest, Due, FindingSummary, UserResponse } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useMe } from "@/stores/me";
import { dayOf } from "@/texts/format";

import type { DecidedFinding } from "./useDecisions";

export const MOST_PEOPLE = 50; // in a list to choose from; where there are more, a part of the name is asked for
const WEEK_MS = 7 * 86_400_000;

export interface Person {
  id: string;
  name: string;
}

/** What is said of a finding, without the version of what it is said over. */
export type Assigned = Required<Omit<AssignmentRequest, "version">>;

export function assignedOf({ assignment }: FindingSummary): Assigned {
  const { assignee = null, due_on = null } = assignment ?? {};
  return { assignee_id: assignee?.user_id ?? null, due_on };
}

/** What all these findings have in common; what is not in it differs. */
export function commonAssignment(findings: readonly FindingSummary[]): Partial<Assigned> {
  const all = findings.map(assignedOf);
  const alike = Object.entries(all[0] ?? {}).filter(([name, value]) => all.every((one) => one[name as keyof Assigned] === value));
  return Object.fromEntries(alike);
}

/** The finding as the server has just assigned it. */
export function assignedAs<T extends FindingSummary>(finding: T, assignment: AssignmentInfo): T {
  return { ...finding, assignment };
}

/** Whether the due date has passed: due dates are days of UTC. */
export function isOverdue(dueOn: string, now = new Date()): boolean {
  return dueOn < dayOf(now);
}

function personOf({ id, username }: UserResponse): Person {
  return { id, name: username };
}

/** Whether a due date is among those that the review is asked for, as the server reads it. */
export function isDue(dueOn: string | null, due: Due, now = new Date()): boolean {
  if (dueOn === null) return false;
  if (due === "overdue") return isOverdue(dueOn, now);
  return !isOverdue(dueOn, now) && dueOn <= dayOf(new Date(now.getTime() + WEEK_MS));
}

export function useAssignments() {
  const { api } = useAccount();
  const me = useMe();

  /** Over the assignment that the reader has seen; a newer one of somebody else is a failure. What is not in `changed` stays as it is. */
  function assign({ taskId, attempt, finding }: DecidedFinding, changed: Partial<Assigned>): Promise<AssignmentInfo> {
    return api.call("PUT /api/v1/tasks/{task_id}/findings/{finding_id}/assignment", {
      path: { task_id: taskId, finding_id: finding.finding_id }, query: { attempt },
      body: { ...assignedOf(finding), ...changed, version: finding.assignment?.version ?? 0 },
    });
  }

  /** Back to what was said before: `then` is the finding as it was. `now`: what is taken back. */
  function restore({ finding: then, ...place }: DecidedFinding, now: AssignmentInfo): Promise<AssignmentInfo> {
    return assign({ ...place, finding: assignedAs(then, now) }, assignedOf(then));
  }

  /**
   * Who may be assigned a finding of this scan, and has `name` as a part of the name: for administrators its owner, all
   * administrators and reviewers, for others themselves. `isAll`: these are all of them. `taskId` null: of scans of several owners.
   */
  async function readPeople(taskId: string | null, name = ""): Promise<{ people: Person[]; isAll: boolean }> {
    if (!me.isAdmin) return { people: me.user === null ? [] : [personOf(me.user)], isAll: true };
    const [owner, admins] = await Promise.all([
      taskId === null ? null : ownerOf(taskId),
      api.call("GET /api/v1/admin/users", { query: { is_assignable: true, q: name, page_size: MOST_PEOPLE } }),
    ]);
    const isAsked = owner?.is_active && owner.username.toLowerCase().includes(name.toLowerCase());
    const able = [...(isAsked ? [owner] : []), ...admins.items.filter(({ id }) => id !== owner?.id)];
    return { people: able.map(personOf), isAll: admins.total <= MOST_PEOPLE };
  }

  async function ownerOf(taskId: string): Promise<UserResponse> {
    const { user_id } = await api.call("GET /api/v1/tasks/{task_id}", { path: { task_id: taskId } });
    return api.call("GET /api/v1/admin/users/{user_id}", { path: { user_id } });
  }

  return { assign, restore, readPeople };
}
