// What the page is at; its parts share it.
export const now = {
  command: "explain", // the tab that is chosen
  paths: {}, schemas: {}, formats: [], writes: false, // what the server has; whether its model writes
  running: null, // the id of what runs
  base: null, // what is shown: {id, command, one, result, edited}
};

/** What of a result its page shows: one explanation, the best of several. */
export function shownOf(result) {
  const all = result.results || result.triggers;
  if (!all) return result;
  const drop = (one) => one.log_prob?.drop ?? -Infinity;
  return all.reduce((best, one) => (drop(one) > drop(best) ? one : best));
}

/** A value of the shown result that its map of units depends on. */
export function shownOption(name) {
  const { one, command } = now.base;
  return one[name] ?? one.options?.[name] ?? now.schemas[command]?.properties[name]?.default;
}

/** What a map of units depends on. */
export const UNITS = ["unit", "operator", "roles"];
