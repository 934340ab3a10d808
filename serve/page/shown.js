// The result that is shown: the HTML report's own sections, where units can be hidden and parts of the answer selected.
import { byId } from "/assets/dom.js";

const shown = byId("shown");
const tokensOf = (map) => [...shown.querySelectorAll(`[data-map=${map}] .t`)];

/** "3-5" -> [3, 4, 5] */
export function unitsOf(element) {
  const [first, last = first] = element.dataset.unit.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** A report's content, without its own style and script; a parsed document runs nothing. */
const parse = (html) => new DOMParser().parseFromString(html.slice(html.indexOf("<main>"), html.indexOf("</main>") + 7), "text/html");

/** The answer's map is a list, of which parts can be selected. */
function dressAnswer() {
  const map = shown.querySelector("[data-map=response]"), tokens = tokensOf("response");
  if (!tokens.length) return;
  map.setAttribute("role", "listbox");
  map.setAttribute("aria-multiselectable", "true");
  map.setAttribute("aria-label", "The answer. Arrow keys go along it, Shift with them selects, Enter explains what is selected.");
  for (const one of tokens) {
    one.setAttribute("role", "option");
    one.setAttribute("aria-selected", "false");
  }
}

/** Where the keyboard is in a map, to be found again once the map is another one. */
function placeNow() {
  const at = document.activeElement, map = at?.closest?.("#shown [data-map]");
  return map && { map: map.dataset.map, unit: at.dataset.unit, bytes: at.dataset.bytes };
}

function goTo(place) {
  const same = tokensOf(place.map).find((one) => one.dataset.unit === place.unit && one.dataset.bytes === place.bytes);
  if (!same) return false;
  for (const one of same.closest("[data-map]").querySelectorAll(".t")) one.tabIndex = one === same ? 0 : -1;
  same.focus({ preventScroll: true });
  return true;
}

/** Puts the report's sections on the page; `only`: the ids of those that are wanted. */
export function showReport(html, only) {
  const main = parse(html).querySelector("main"), place = placeNow();
  const parts = [...main.children].filter((one) => !only || only.includes(one.id));
  shown.replaceChildren(...parts.map((one) => document.adoptNode(one)));
  for (const one of tokensOf("prompt")) one.setAttribute("role", "button");
  dressAnswer();
  const typing = document.activeElement?.matches("input, textarea, select");
  if (!(place && goTo(place)) && !typing) shown.focus({ preventScroll: true });
}

/** Light up the best set so far. */
export function light(best) {
  const lit = new Set(best);
  for (const one of tokensOf("prompt")) one.classList.toggle("lit", unitsOf(one).some((u) => lit.has(u)));
}

/** Light these units alone, and dim the marks of the others; null: as the report has them. */
export function lightAlone(units) {
  for (const one of tokensOf("prompt")) {
    const lit = units !== null && unitsOf(one).some((u) => units.includes(u));
    one.classList.toggle("lit", lit);
    one.classList.toggle("shown", units !== null && !lit);
  }
}

/** Strike what is hidden. */
export function showHidden(hidden) {
  for (const one of tokensOf("prompt")) {
    const off = unitsOf(one).some((u) => hidden.has(u));
    one.classList.toggle("off", off);
    one.classList.toggle("shown", !off);
    one.setAttribute("aria-pressed", off);
  }
}

/** The answer's map of another report takes the place of the one that is shown. */
export function replaceAnswer(html) {
  const next = parse(html).querySelector("[data-map=response]"), now = shown.querySelector("[data-map=response]");
  const place = placeNow(), before = picked.map((one) => one.dataset.bytes);
  if (!next || !now) return;
  now.replaceChildren(...next.childNodes);
  dressAnswer();
  pick(tokensOf("response").filter((one) => before.includes(one.dataset.bytes)));
  if (place?.map === "response") goTo(place);
}

/* ---- a part of the answer ---- */

let picked = [], tellPicked = () => {};
const mark = (on) => {
  for (const one of picked) {
    one.classList.toggle("picked", on);
    one.setAttribute("aria-selected", on);
  }
};

function pick(elements) {
  mark(false);
  picked = elements;
  mark(true);
  tellPicked(picked.length ? pickedTarget()?.text : null);
}

/** Picks what a result was asked about: "12:20", or null for nothing. */
export function pickBytes(range) {
  const [first, end] = range ? range.split(":").map(Number) : [0, 0];
  pick(tokensOf("response").filter((one) => {
    const [from, to] = one.dataset.bytes.split(":").map(Number);
    return from < end && to > first;
  }));
}

/** The bytes of what is picked, as the option `target` has them, and its text. */
export function pickedTarget() {
  const first = picked[0], last = picked.at(-1);
  if (!first || !first.isConnected) return null;
  const range = document.createRange();
  range.setStartBefore(first);
  range.setEndAfter(last);
  return { bytes: `${first.dataset.bytes.split(":")[0]}:${last.dataset.bytes.split(":")[1]}`, text: range.toString() };
}

function selectedTokens() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return [];
  const range = selection.getRangeAt(0);
  return tokensOf("response").filter((one) => {
    if (!range.intersectsNode(one)) return false;
    const inside = document.createRange();
    inside.selectNodeContents(one);
    return range.compareBoundaryPoints(Range.END_TO_START, inside) < 0 && range.compareBoundaryPoints(Range.START_TO_END, inside) > 0;
  });
}

let anchor = null;
function extend(from, key) {
  const all = tokensOf("response"), at = all.indexOf(from);
  const rightToLeft = getComputedStyle(from.closest("[data-map]")).direction === "rtl";
  const next = all[at + ((key === "ArrowRight") === !rightToLeft ? 1 : -1)];
  if (!next) return;
  anchor = anchor?.isConnected ? anchor : from;
  from.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  const ends = [all.indexOf(anchor), all.indexOf(next)].sort((a, b) => a - b);
  pick(all.slice(ends[0], ends[1] + 1));
}

/** toggle(element): a unit was clicked; explain(): a part of the answer was picked; tell(text): that much is, null: none. */
export function listenTo(toggle, explain, tell) {
  tellPicked = tell;
  const at = (event, map) => (event.target instanceof Element ? event.target.closest(`[data-map=${map}] .t`) : null);
  shown.addEventListener("click", (event) => at(event, "prompt") && toggle(at(event, "prompt")));
  let from = null; // where a drag began
  const drag = (to) => {
    const all = tokensOf("response"), ends = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    pick(all.slice(ends[0], ends[1] + 1));
  };
  shown.addEventListener("pointerdown", (event) => {
    from = event.button === 0 ? at(event, "response") : null;
    if (from && event.shiftKey && picked[0]?.isConnected) [from] = picked;
    if (from) drag(at(event, "response"));
  });
  shown.addEventListener("pointerover", (event) => from?.isConnected && event.buttons === 1 && at(event, "response") && drag(at(event, "response")));
  addEventListener("pointercancel", () => (from = null));
  addEventListener("pointerup", () => {
    if (from?.isConnected) explain();
    from = null;
  });
  document.addEventListener("selectionchange", () => {
    const tokens = selectedTokens();
    if (!tokens.length) return;
    pick(tokens);
  });
  shown.addEventListener("keydown", (event) => {
    const unit = at(event, "prompt"), token = at(event, "response"), enter = event.key === "Enter";
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (unit && (enter || event.key === " ")) toggle(unit);
    else if (token && event.shiftKey && /^Arrow(Left|Right)$/.test(event.key)) {
      event.stopPropagation();
      extend(token, event.key);
    } else if (token && enter) {
      if (!picked.includes(token)) pick([token]);
      anchor = null;
      explain();
    } else {
      if (!event.shiftKey) anchor = null;
      return;
    }
    event.preventDefault();
  });
}
