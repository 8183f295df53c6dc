// Asking the server. One question at a time; of those that wait only the newest is asked.

import { say } from "./words.js";

const root = document.documentElement.dataset.root;
const TRIES = 4;

const KEYS = ["busy", "too-large", "not-found", "digest", "mistake", "gone"]; // of what the server says of itself

/** What the server would not do: its sentence, in the language of the page where it is one of the app's own, the status of HTTP, and problems of a case at their lines. */
export class Refused extends Error {
  constructor(status, { error, key = "", problems = [] }, wait = 0) {
    super(KEYS.includes(key) ? say(`refused ${key}`) : error);
    Object.assign(this, { status, problems, wait });
  }
}

/** Return the address of a path of this app, which may lie below another. */
export const address = (path) => `${root}${path}`;

async function asked(path, options) {
  let reply;
  try {
    reply = await fetch(address(path), { cache: "no-store", ...options });
  } catch {
    throw new Refused(0, { error: say("no answer") });
  }
  if (reply.ok) return reply;
  const told = await reply.json().catch(() => ({ error: say("no answer") }));
  throw new Refused(reply.status, { error: say("found problems"), ...told }, Number(reply.headers.get("Retry-After")) || 1);
}

export const get = async (path) => (await asked(path, {})).json();

const sent = (path, body) => asked(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const post = async (path, body) => (await sent(path, body)).json();

export const upload = async (body, type) => (await asked("/api/uploads", { method: "POST", headers: { "Content-Type": type }, body })).json();

/** Return a file that the server makes, with its name. */
export async function file(path, body) {
  const reply = await sent(path, body);
  const [, name] = /filename="?([^";]+)/.exec(reply.headers.get("Content-Disposition") ?? "") ?? [];
  return { name, content: await reply.blob() };
}

// What the page itself stumbled over is a mistake of ours: the reader gets a sentence, the console all of it.
function ours(error) {
  if (error instanceof Refused) return error;
  console.error(error);
  return new Refused(0, { key: "mistake" });
}

/** A line of questions of which one is on its way and one waits, the newest. */
export class Newest {
  #waiting = null;
  #busy = false;

  /** `show` gets each reply with what was asked; `fail` gets what was refused. */
  constructor(show, fail) {
    Object.assign(this, { show, fail });
  }

  /** Ask once the way is free, instead of whatever waits. A `preview` is asked while somebody still drags. */
  ask(question) {
    this.#waiting = question;
    if (!this.#busy) this.#send();
  }

  async #send() {
    this.#busy = true;
    try {
      for (let tries = 0; this.#waiting; ) {
        const question = this.#waiting;
        this.#waiting = null;
        try {
          const reply = await (await sent(question.path, question.body)).json();
          if (!this.#stale(question)) this.show(reply, question);
          tries = 0;
        } catch (error) {
          if ([429, 503].includes(error.status) && ++tries < TRIES) {
            await new Promise((done) => setTimeout(done, 1000 * error.wait));
            this.#waiting ??= question;
          } else if (!this.#stale(question)) this.fail(ours(error), question);
        }
      }
    } finally {
      this.#busy = false;
    }
  }

  // While somebody drags, a preview that is late still shows the way; any other reply is stale once something newer waits.
  #stale(question) {
    return this.#waiting !== null && !(question.preview && this.#waiting.preview);
  }
}
