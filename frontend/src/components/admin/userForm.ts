/** What the form of a user holds, and what is sent of it. */

import type { UserCreate, UserResponse, UserUpdate } from "@/generated/rest";

export type Role = UserResponse["role"];

export interface UserForm {
  username: string;
  email: string;
  /** Empty: as it is. */
  password: string;
  role: Role;
  isActive: boolean;
  priority: number;
}

/** `user` null: somebody new. */
export function formOf(user: UserResponse | null): UserForm {
  if (user === null) return { username: "", email: "", password: "", role: "user", isActive: true, priority: 0 };
  const { username, email, role, is_active: isActive, scan_priority: priority } = user;
  return { username, email, password: "", role, isActive, priority };
}

export function creationOf({ username, email, password, role }: UserForm): UserCreate {
  return { username: username.trim(), email: email.trim(), password, role };
}

/** What differs alone: a role that is sent again would end the user's sessions. */
export function changesOf(form: UserForm, user: UserResponse): UserUpdate {
  const changes: UserUpdate = {};
  if (form.email.trim() !== user.email) changes.email = form.email.trim();
  if (form.password !== "") changes.password = form.password;
  if (form.role !== user.role) changes.role = form.role;
  if (form.isActive !== user.is_active) changes.is_active = form.isActive;
  if (form.priority !== user.scan_priority) changes.scan_priority = form.priority;
  return changes;
}
