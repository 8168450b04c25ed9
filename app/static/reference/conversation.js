/** One connection of the console and what was said on it, of which a bounded part is kept. Knows no DOM. */

export const MAX_ENTRIES = 200;
export const MAX_CHARACTERS = 20_000; // of one frame
const TOKEN = "ACCESS_TOKEN"; // stands in commands in place of the token, which is never shown

/**
 * `open(ticket)` returns a WebSocket. `phase`: "closed", "connecting" or "open". Entries: `{kind, at, type, text,
 * isShortened}`, kind "sent" or "received"; or `{kind: "closed", at, code, reason}`.
 */
export class Conversation {
  #open;
  #access;
  #socket = null;
  #turn = 0; // of connecting; a ticket that comes after its turn is not used

  constructor({ open, access, onChange, now = Date.now }) {
    this.phase = "closed";
    this.entries = [];
    this.dropped = 0; // entries that are not kept any more
    this.#open = open;
    this.#access = access;
    this.onChange = onChange;
    this.now = now;
  }

  /** Rejects with ApiError when there is no ticket available. */
  async connect() {
    if (this.phase !== "closed") return;
    const turn = (this.#turn += 1);
    const isOver = () => this.phase !== "connecting" || turn !== this.#turn; // somebody has disconnected meanwhile
    this.#enter("connecting");
    let ticket;
    try {
      ticket = await this.#access.ticket();
    } catch (error) {
      if (isOver()) return;
      this.#enter("closed");
      throw error;
    }
    if (!isOver()) this.#listen(this.#open(ticket));
  }

  disconnect() {
    if (this.#socket) this.#socket.close(1000);
    else this.#enter("closed");
  }

  /** Sends a text as it is, but for the place of the token. */
  async send(text) {
    const token = text.includes(TOKEN) ? await this.#access.token() : null;
    if (this.phase !== "open") return;
    this.#socket.send(token ? text.replaceAll(TOKEN, token) : text);
    this.#note(frameEntry("sent", text));
  }

  clear() {
    this.entries = [];
    this.dropped = 0;
    this.onChange();
  }

  #listen(socket) {
    this.#socket = socket;
    socket.onopen = () => this.#enter("open");
    socket.onmessage = ({ data }) => this.#note(frameEntry("received", data));
    socket.onclose = ({ code, reason }) => {
      this.#socket = null;
      this.phase = "closed";
      this.#note({ kind: "closed", code, reason });
    };
  }

  #enter(phase) {
    this.phase = phase;
    this.onChange();
  }

  #note(entry) {
    this.entries.push({ at: this.now(), ...entry });
    while (this.entries.length > MAX_ENTRIES) {
      this.entries.shift();
      this.dropped += 1;
    }
    this.onChange();
  }
}

function frameEntry(kind, text) {
  const isShortened = text.length > MAX_CHARACTERS;
  const shown = isShortened ? text.slice(0, MAX_CHARACTERS) : text;
  return { kind, type: typeOf(text), text: isShortened ? shown : pretty(shown), isShortened };
}

function typeOf(text) {
  try {
    return String(JSON.parse(text)?.type ?? "?");
  } catch {
    return "?"; // somebody tries what the server says to it
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
