/** What the form of a channel has, and what of it is sent. */

import type { ChannelCreate, ChannelResponse, ChannelUpdate, DeliveryResponse } from "@/generated/rest";
import type { TextKey } from "@/texts";

export type ChannelKind = ChannelResponse["kind"];
export const CHANNEL_KINDS: readonly ChannelKind[] = ["email", "webhook", "dingtalk", "wecom", "feishu", "slack"];
/** What is said of the last test message, by the status of its delivery. */
export const TEST_RESULTS: Record<DeliveryResponse["status"], TextKey> = { sent: "channels.test_sent", dead: "channels.test_failed", waiting: "channels.test_waiting" };
/** Robots that may be set to check a signature. */
const SIGNING: readonly string[] = ["dingtalk", "feishu"] satisfies ChannelKind[];

export interface ChannelForm {
  /** Empty: the reader of the form has not chosen one yet. */
  kind: ChannelKind | "";
  name: string;
  language: ChannelResponse["language"];
  url: string;
  address: string;
  secret: string;
}

/** `secret`: with which the requests of a new webhook are signed, told once; null for all others. */
export interface SavedChannel {
  id: string;
  secret: string | null;
}

/** Where a channel leads to is never told again: those fields are empty, and then nothing of it changes. */
export function channelFormOf(channel: ChannelResponse | null, language: ChannelResponse["language"]): ChannelForm {
  const empty = { url: "", address: "", secret: "" };
  if (channel === null) return { kind: "", name: "", language, ...empty };
  return { kind: channel.kind, name: channel.name, language: channel.language, ...empty };
}

export function channelCreationOf(form: ChannelForm, kind: ChannelKind): ChannelCreate {
  return { kind, name: form.name.trim(), language: form.language, ...placesOf(form) };
}

export function channelChangesOf(form: ChannelForm): ChannelUpdate {
  return { name: form.name.trim(), language: form.language, ...placesOf(form) };
}

export function isSigning(kind: ChannelForm["kind"]): boolean {
  return SIGNING.includes(kind);
}

function placesOf(form: ChannelForm) {
  const given: { url?: string; address?: string; secret?: string } = {};
  if (form.kind === "email") {
    if (form.address.trim() !== "") given.address = form.address.trim();
    return given;
  }
  if (form.url.trim() !== "") given.url = form.url.trim();
  if (isSigning(form.kind) && form.secret !== "") given.secret = form.secret;
  return given;
}
