// What a reader has set, as one plain value: never changed, only followed by another.

/** Return the state of a case as it stands. */
export const untouched = (about) => ({
  seed: about.seed, changes: {}, against: null, trust: {}, dropped: [], odds: null, shown: about.shown, targets: {}, family: "do",
});

/** Say whether the rival readings may be weighed in a state: they are for the case as it stands, with its own draws. */
export const weighable = (state, about) => Object.keys(state.changes).length === 0 && state.seed === about.seed;

/** Return a state with nothing in it that could not be asked. */
export const coherent = (state, about) => (state.odds && !weighable(state, about) ? { ...state, odds: null } : state);

/** Return a mapping without one of its keys. */
export const without = (held, key) => Object.fromEntries(Object.entries(held).filter(([name]) => name !== key));

/** Return a mapping with a key set to a value, or without it if that is null. */
export const put = (held, key, value) => (value === null ? without(held, key) : { ...held, [key]: value });

/** Return a state with another question at one of its charts; a question stands once, so that two may change places. */
export function picked(state, at, question) {
  const other = state.shown.indexOf(question);
  return { ...state, shown: state.shown.map((one, i) => (i === at ? question : i === other ? state.shown[at] : one)) };
}
