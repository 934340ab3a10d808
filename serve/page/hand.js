// Hiding and showing units by hand: the drop, each token's change, and what the model then writes.
import * as api from "/assets/api.js";
import { byId, make } from "/assets/dom.js";
import { replaceAnswer, showHidden, unitsOf } from "/assets/shown.js";
import { now, shownOf, shownOption, UNITS } from "/assets/state.js";

let hidden = new Set(), turn = 0, asking = null;
let known = new Map(); // by set: {html, one} of each that was asked before
let back = () => {}, fail = () => {}, told = () => {};

export const number = (value, digits = 3) => Number(value).toLocaleString("en", { maximumSignificantDigits: digits }).replace("-", "−");
const ranges = () => [...hidden].sort((a, b) => a - b).join(",");

/** back(): show the result again; fail(error); told(text): what is new. */
export function listenToHand(calls) {
  ({ back, fail, told } = calls);
}

/** Below the answer of what is shown now; `rest` stands under it. */
export function beginHand(...rest) {
  stopHand();
  known = new Map();
  hidden = new Set(now.base.one.selected || []);
  const box = make("div", { className: "hand", id: "hand" }, make("p", { id: "hand-line" }), ...rest);
  (byId("shown").querySelector("#response") || byId("shown")).append(box);
  showHidden(hidden);
  tell(now.base.one);
}

/** What was asked by hand counts no longer. */
export function stopHand() {
  turn++;
  if (asking) api.forget(asking).catch(() => {});
  asking = null;
}

function lineOf({ log_prob: { drop } = {} }) {
  if (!hidden.size) return "Nothing is hidden. Click a word of the prompt to hide it.";
  if (!Number.isFinite(drop)) return `${hidden.size} hidden.`;
  const likely = drop ? `${number(Math.exp(Math.abs(drop)))} times ${drop > 0 ? "less" : "more"} likely` : "as likely as before";
  return `${hidden.size} hidden: drop ${number(drop)} nats; the answer is ${likely}${now.base.one.against ? " beside the other one" : ""}.`;
}

function tell(one, written = one.masked_response?.text) {
  const box = byId("hand"), line = byId("hand-line");
  line.textContent = lineOf(one);
  box.querySelectorAll("h3, .text, .back").forEach((old) => old.remove());
  const more = [];
  if (hidden.size && written !== undefined)
    more.push(make("h3", {}, "What the model then writes"), make("div", { className: "text", dir: "auto" }, written));
  if (one !== now.base.one) {
    const button = make("button", { type: "button", className: "plain back" }, "Back to the result");
    button.addEventListener("click", () => back());
    more.push(button);
  }
  line.after(...more);
}

/** What the model then writes is asked for by itself: it takes longer than the drop. */
const lacksText = ({ one }) => now.writes && hidden.size > 0 && one.masked_response === undefined;

function show(answer) {
  replaceAnswer(answer.html);
  tell(answer.one, lacksText(answer) ? "it writes …" : undefined);
  told(byId("hand-line").textContent);
}

const tellPlace = ({ place }) => {
  if (place) byId("hand-line").textContent = `waits: ${place} before it`;
};

/** Asks the session that the shown result is of; the run is forgotten at once. Nothing, where another click came. */
async function ask(mine, metrics) {
  const own = Object.fromEntries(UNITS.map((name) => [name, shownOption(name)]).filter(([, value]) => value !== undefined));
  const { id } = await api.begin("score", { like: now.base.id, ...own, metrics, hide: hidden.size ? [ranges()] : null });
  if (mine !== turn) return api.forget(id).then(() => null);
  asking = id;
  await api.listen(id, (status) => mine === turn && tellPlace(status));
  const [status, html] = await Promise.all([api.run(id), api.report(id)]);
  api.forget(id).catch(() => {});
  if (mine !== turn) return null;
  asking = null;
  return { html, one: shownOf(status.result) };
}

/** Asks, keeps and shows; false where another click came. */
async function learn(mine, key, metrics) {
  const answer = await ask(mine, metrics);
  if (!answer) return false;
  known.set(key, answer);
  show(answer);
  return true;
}

/** Scores what is hidden now: first the drop, then what the model writes. What was asked before is shown at once. */
async function score() {
  stopHand();
  const mine = turn, key = ranges(), there = known.get(key);
  if (there) show(there);
  else byId("hand-line").textContent = "scoring …";
  try {
    await new Promise((next) => setTimeout(next, 120)); // several clicks are one question
    if (mine !== turn) return;
    if (!there && !(await learn(mine, key, "none"))) return;
    if (lacksText(known.get(key))) await learn(mine, key, "words");
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

/** A unit was clicked. */
export function toggle(element) {
  const units = unitsOf(element), off = !hidden.has(units[0]);
  for (const unit of units) off ? hidden.add(unit) : hidden.delete(unit);
  showHidden(hidden);
  score();
}
