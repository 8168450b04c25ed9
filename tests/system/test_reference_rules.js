/**
 * Tests of the modules of the page about the real-time protocol that know no DOM. They run in the browser (test_reference_rules.py imports this file there):
 * `tests` maps the sentence to a function that throws.
 */

import { Api } from "/static/api.js";
import { Session } from "/static/session.js";
import { LOCALES } from "/static/locales/index.js";
import { chooseLanguage, createTexts, LANGUAGES, nextLanguage } from "/static/texts.js";
import { Access } from "/static/reference/access.js";
import { Conversation, MAX_CHARACTERS, MAX_ENTRIES } from "/static/reference/conversation.js";
import { prose } from "/static/reference/prose.js";
import { bounds, exampleOf, resolve, typeParts } from "/static/reference/schema.js";

export const tests = new Map();
const test = (sentence, run) => tests.set(sentence, run);

function equal(found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}

// Session

function createStorage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
}
const pair = (name) => ({ access_token: `a-${name}`, refresh_token: `r-${name}`, expires_in: 3_600 });

test("a token is renewed before it expires, once for all who ask", async () => {
  let now = 0;
  let asked = 0;
  const session = new Session({ storage: createStorage(), now: () => now, requestPair: async () => pair(`new${(asked += 1)}`) });
  session.begin("mei", pair("old"));
  equal(await session.token(), "a-old");
  now = 3_600_000 - 60_000;
  equal(await Promise.all([session.token(), session.token(), session.token()]), ["a-new1", "a-new1", "a-new1"]);
  equal([asked, session.current.username], [1, "mei"]);
});

test("a refused renewal ends the session, a failed network does not", async () => {
  const ends = [];
  let error = Object.assign(new Error("network"), { status: 0 });
  const session = new Session({ storage: createStorage(), requestPair: () => Promise.reject(error) });
  session.onEnd = (code) => ends.push(code);
  session.begin("mei", pair("old"));
  const failure = () => session.token({ renew: true }).catch((caught) => caught.signedOut ?? caught.message);
  equal([await failure(), session.current !== null], ["network", true]);
  error = Object.assign(new Error("no"), { status: 401, code: "expired_token" });
  equal([await failure(), session.current, ends], [true, null, ["expired_token"]]);
});

test("a tab takes over the pair that its twin got", async () => {
  const channel = { postMessage: (data) => { channel.said = data; } };
  const [mine, twins] = [createStorage(), createStorage()];
  const session = new Session({ storage: mine, channel, requestPair: async () => pair("new") });
  session.begin("mei", pair("old"));
  const otherChannel = {};
  const twin = new Session({ storage: twins, channel: otherChannel, requestPair: () => Promise.reject(new Error("used twice")) });
  twin.begin("mei", pair("old"));
  await session.token({ renew: true });
  otherChannel.onmessage({ data: channel.said });
  equal(await twin.token(), "a-new");
});

// Tickets

/** The page's REST before a server that gives these answers in turn; `calls` holds path and token of each request. */
function createApi(...answers) {
  const calls = [];
  const fetch = async (url, { headers }) => {
    calls.push([url, headers.Authorization]);
    const { status = 200, body = {}, headers: more = {} } = answers.shift();
    return new Response(JSON.stringify(body), { status, headers: more });
  };
  const api = new Api({ base: "/", session: { storage: createStorage() }, fetch });
  api.session.begin("mei", pair("old"));
  return { api, calls };
}
const failure = (promise) => promise.then(() => null, ({ status, code, retryAfterMs }) => [status, code, retryAfterMs]);

test("signing out is asked for with the token, and again with a new one when that has expired", async () => {
  const { api, calls } = createApi({ status: 401, body: { code: "expired_token" } }, { body: pair("new") }, {});
  await api.logout();
  equal(calls, [["/auth/logout", "Bearer a-old"], ["/auth/refresh", undefined], ["/auth/logout", "Bearer a-new"]]);
  equal(api.session.current, null);
});

test("a ticket that cannot be had says why, and when to ask again", async () => {
  const ask = ({ api }) => failure(api.callAs("t", "POST", "monitor/ws/ticket"));
  equal(await ask(createApi({ status: 401, body: { code: "expired_token" } })), [401, "expired_token", 0]);
  const busy = (text) => createApi({ status: 429, body: { code: "rate_limited" }, headers: { "Retry-After": text } });
  equal(await ask(busy("7")), [429, "rate_limited", 7_000]);
  equal(await ask(busy("Wed, 21 Oct 2015 07:28:00 GMT")), [429, "rate_limited", 0]);
  equal(await ask(createApi({ status: 503 })), [503, "unavailable", 0]);
  equal(await ask(createApi()), [0, "network", 0]);
});

// Texts

test("every text stands in every language with the same parameters", () => {
  const parameters = (text) => [...text.matchAll(/\{(\w+)/g)].map((match) => match[1]).sort();
  const [first, ...others] = Object.values(LOCALES);
  for (const texts of others) {
    equal(Object.keys(texts), Object.keys(first));
    for (const [key, text] of Object.entries(texts)) {
      if (!text || !first[key]) throw new Error(`${key} is empty`);
      equal([key, parameters(text)], [key, parameters(first[key])]);
    }
  }
});

test("the button offers every language in turn, under its own name", () => {
  equal([nextLanguage("zh-CN"), nextLanguage("en")], ["en", "zh-CN"]);
  equal(LANGUAGES.map((language) => createTexts(language)("language.name")), ["中文", "English"]);
});

test("parameters are filled in, with the English form that fits the number", () => {
  const [zh, en] = LANGUAGES.map(createTexts);
  const dropped = (count) => en("reference.dropped", { count });
  equal([dropped(1), dropped(1_200)], ["1 earlier entry is not kept any more.", "1,200 earlier entries are not kept any more."]);
  equal(zh("reference.dropped", { count: 3 }), "更早的 3 条已不再保留。");
});

test("the language is the address's, the remembered, the browser's, then Chinese", () => {
  equal(chooseLanguage({ query: "en", remembered: "zh-CN" }), "en");
  equal(chooseLanguage({ query: "fr", remembered: "en", preferred: ["zh-TW"] }), "en");
  equal(chooseLanguage({ preferred: ["fr", "zh-TW", "en"] }), "zh-CN");
  equal(chooseLanguage({ preferred: ["de", "en-GB"] }), "en");
  equal(chooseLanguage({ preferred: ["fr"] }), "zh-CN");
});

// The page about the real-time protocol: schemas

const DESCRIBED = {
  components: {
    schemas: {
      Level: { type: "string", enum: ["low", "high"] },
      Thing: { type: "object", description: "A thing.", properties: { level: { $ref: "#/components/schemas/Level" } }, examples: [{ level: "low" }] },
    },
  },
};
const LEVEL = { $ref: "#/components/schemas/Level" };
const typeText = (schema) => typeParts(schema).map(({ text }) => text).join("");

test("a reference is what it leads to, with the words beside it", () => {
  equal(resolve(DESCRIBED, { ...LEVEL, description: "How bad." }), { type: "string", enum: ["low", "high"], description: "How bad." });
  equal(resolve(DESCRIBED, { allOf: [LEVEL], default: "low" }), { type: "string", enum: ["low", "high"], default: "low" });
});

test("a type is said in one line, and models in it can be followed", () => {
  equal(typeText({ type: "array", items: LEVEL }), "Level[]");
  equal(typeText({ type: "array", items: { enum: ["a", "b"] } }), '("a" | "b")[]');
  equal(typeText({ anyOf: [{ type: "integer" }, { type: "null" }] }), "integer | null");
  equal(typeText({ const: "ping" }), '"ping"');
  equal(typeText({}), "any");
  equal(typeParts(LEVEL), [{ text: "Level", model: "Level" }]);
});

test("bounds are said as they are", () => {
  equal(bounds(DESCRIBED, { type: "integer", minimum: 1, maximum: 200 }), [{ kind: "value", text: "≥ 1, ≤ 200" }]);
  equal(bounds(DESCRIBED, { type: "number", exclusiveMinimum: 0 }), [{ kind: "value", text: "> 0" }]);
  equal(bounds(DESCRIBED, { type: "array", minItems: 5, maxItems: 5 }), [{ kind: "items", text: "= 5" }]);
  equal(bounds(DESCRIBED, { anyOf: [{ type: "string", maxLength: 9, pattern: "^a" }, { type: "null" }] }), [
    { kind: "characters", text: "≤ 9" },
    { kind: "pattern", text: "^a" },
  ]);
  equal(bounds(DESCRIBED, LEVEL), []);
});

test("an example is the parameter's own, else its schema's, else its model's", () => {
  equal(exampleOf(DESCRIBED, { examples: [1], schema: { examples: [2] } }), 1);
  equal(exampleOf(DESCRIBED, { schema: { examples: [2] } }), 2);
  equal(exampleOf(DESCRIBED, { schema: { $ref: "#/components/schemas/Thing" } }), { level: "low" });
});

test("a description has paragraphs, numbered steps and code, and nothing else", () => {
  const box = document.createElement("div");
  box.append(...prose("One\nline with `code`.\n\n1. First\n   step.\n2. <b>Second</b>.\n\n中文的\n一行，\n`码`和\n`码`。"));
  equal(box.innerHTML, "<p>One line with <code>code</code>.</p><ol><li>First step.</li><li>&lt;b&gt;Second&lt;/b&gt;.</li></ol><p>中文的一行，<code>码</code>和 <code>码</code>。</p>");
});

// The page about the real-time protocol: who calls, and the console

const nobody = (more = {}) => ({ session: { current: null, token: async () => "of the session" }, login: async () => {}, ...more });

test("a pasted token is used until it is forgotten, and kept nowhere", async () => {
  const api = nobody();
  const access = new Access(api);
  equal([access.state, await access.token()], [{ kind: "none" }, null]);
  access.paste("  Bearer abc.def ");
  equal([access.state, await access.token()], [{ kind: "pasted" }, "abc.def"]);
  equal([JSON.stringify(sessionStorage).includes("abc.def"), JSON.stringify(localStorage).includes("abc.def")], [false, false]);
  await access.leave();
  equal(access.state, { kind: "none" });
});

test("a session that is over is no error but nobody", async () => {
  const over = Object.assign(new Error("over"), { signedOut: true });
  const access = new Access(nobody({ session: { current: { username: "mei" }, token: async () => { throw over; } } }));
  equal([access.state, await access.token()], [{ kind: "session", username: "mei" }, null]);
});

class FakeSocket {
  sent = [];
  send(text) { this.sent.push(text); }
  close(code) { this.onclose({ code, reason: "" }); }
}

async function connected(more = {}) {
  const socket = new FakeSocket();
  const access = { ticket: async () => "once", token: async () => "secret", ...more };
  const opened = [];
  const talk = new Conversation({ access, open: (ticket) => { opened.push(ticket); return socket; }, onChange: () => {}, now: () => 5 });
  await talk.connect();
  socket.onopen();
  return { talk, socket, opened };
}

test("a connection is opened with a ticket, and its end is noted", async () => {
  const { talk, opened } = await connected();
  equal([talk.phase, opened], ["open", ["once"]]);
  talk.disconnect();
  equal([talk.phase, talk.entries], ["closed", [{ at: 5, kind: "closed", code: 1000, reason: "" }]]);
});

test("a connection for which there is no ticket is not opened", async () => {
  let failed = null;
  await connected({ ticket: async () => { throw new Error("401"); } }).catch((error) => { failed = error.message; });
  equal(failed, "401");
});

test("who disconnects before there is a ticket opens nothing with it, also when the next attempt has begun", async () => {
  const tickets = [];
  const opened = [];
  const access = { ticket: () => new Promise((resolve) => tickets.push(resolve)) };
  const talk = new Conversation({ access, open: (ticket) => { opened.push(ticket); return new FakeSocket(); }, onChange: () => {} });
  const first = talk.connect();
  talk.disconnect();
  equal(talk.phase, "closed");
  const second = talk.connect();
  tickets[0]("first");
  await first;
  equal([talk.phase, opened], ["connecting", []]);
  tickets[1]("second");
  await second;
  equal(opened, ["second"]);
});

test("the token is put in where a command has its place, and is not shown", async () => {
  const { talk, socket } = await connected();
  await talk.send('{"type": "auth", "token": "ACCESS_TOKEN"}');
  equal(socket.sent, ['{"type": "auth", "token": "secret"}']);
  equal(JSON.stringify(talk.entries).includes("secret"), false);
  equal(talk.entries[0].type, "auth");
});

test("of many and of long frames a bounded part is kept", async () => {
  const { talk, socket } = await connected();
  for (let number = 0; number < MAX_ENTRIES + 50; number += 1) socket.onmessage({ data: `{"type":"ping","sequence":${number}}` });
  equal([talk.entries.length, talk.dropped, talk.entries.at(-1).type], [MAX_ENTRIES, 50, "ping"]);
  socket.onmessage({ data: JSON.stringify({ type: "task_snapshot", text: "x".repeat(3 * MAX_CHARACTERS) }) });
  equal([talk.entries.at(-1).text.length, talk.entries.at(-1).isShortened], [MAX_CHARACTERS, true]);
  socket.onmessage({ data: "no JSON" });
  equal([talk.entries.at(-1).type, talk.entries.at(-1).text], ["?", "no JSON"]);
  talk.clear();
  equal([talk.entries, talk.dropped], [[], 0]);
});
