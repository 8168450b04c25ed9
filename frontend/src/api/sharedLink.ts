/** A read-only link to a scan, as it stands in the address of the page: behind the `#`, which browsers send nowhere. */

const ADDRESS = /^#\/shared\/(?<taskId>[0-9a-f-]{36})\/(?<token>dcsl_[0-9A-Za-z]{20,100})(?:[/?]|$)/;

export interface SharedLink {
  taskId: string;
  token: string;
}

/** The link of an address; null: it has none, and the reader signs in. */
export function sharedLinkOf(hash: string): SharedLink | null {
  const found = ADDRESS.exec(hash)?.groups;
  return found?.taskId && found.token ? { taskId: found.taskId, token: found.token } : null;
}
