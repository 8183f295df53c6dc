// What the reader has set, and the way back. States are never changed, only followed by others.

const SAME = 1000;

/** The states of a page: `now`, those before and those after it. */
export class History {
  #before = [];
  #after = [];
  #last = { keys: "", at: 0 };

  constructor(first) {
    this.now = first;
  }

  /** Go on to another state; moves of one slider by its `keys` that follow each other closely are one step back. */
  move(next, keys = "") {
    const at = Date.now();
    const goesOn = keys !== "" && keys === this.#last.keys && at - this.#last.at < SAME;
    if (!goesOn) this.#before.push(this.now);
    this.#after = [];
    this.#last = { keys, at };
    this.now = next;
  }

  /** Put another state in the place of this one, without a step back. */
  amend(next) {
    this.now = next;
  }

  get back() {
    return this.#before.length > 0;
  }

  get forth() {
    return this.#after.length > 0;
  }

  undo() {
    this.#step(this.#before, this.#after);
  }

  redo() {
    this.#step(this.#after, this.#before);
  }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.now);
    this.now = from.pop();
    this.#last = { keys: "", at: 0 };
  }
}
