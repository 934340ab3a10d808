// What of the answer is asked about, and what that is held against: the options `target` and `against`.
import { byId, make } from "/assets/dom.js";
import { listIn } from "/assets/form.js";
import { now } from "/assets/state.js";

let targets = null, against = null; // an array of texts or null; a text or null

const quoted = (text) => `“${text.length > 60 ? `${text.slice(0, 60)} …` : text}”`;

/** A target as it stands in the answer. */
function textOf(target) {
  const [, first, end] = /^(\d+):(\d+)$/.exec(target) || [];
  if (!end) return target.replace(/^=/, "");
  return new TextDecoder().decode(new TextEncoder().encode(now.base.one.response.text).subarray(first, end)).trim();
}

const subject = () => targets?.map((one) => quoted(textOf(one))).join(", ");

/** "“Paris”, and not “Rome”"; "": the whole answer, by itself. */
export function aboutText() {
  if (!against) return subject() ?? "";
  const other = against === "next" ? "the model’s second choice" : quoted(against.replace(/^=/, ""));
  return `${subject() ?? "the answer"}, and not ${other}`;
}

function showAbout() {
  byId("about").hidden = !aboutText();
  byId("about-text").textContent = aboutText() && `About ${aboutText()}.`;
}

/** From now on it is about that; nothing: the whole answer. */
export function setAbout(newTargets = null, newAgainst = null) {
  targets = newTargets;
  against = newAgainst;
  showAbout();
}

/** What a result was about. */
export function takeAbout({ target, against: other } = {}) {
  setAbout(target === undefined ? null : [target.startsWith("[") ? listIn(target) : target].flat(), other ?? null);
}

/** As options of a command; null: none, whatever the shown result had. */
export function aboutOptions(command) {
  const known = now.schemas[command].properties;
  return { ...(known.target ? { target: targets } : {}), ...(known.against ? { against } : {}) };
}

/** Its only target, where it is a range of bytes. */
export const targetBytes = () => (targets?.length === 1 && /^\d+:\d+$/.test(targets[0]) ? targets[0] : null);

/* ---- the question of contrast, below an answer ---- */

/** ask(text): why that and not this text, which is as the option `against` has it. */
export function contrastForm(ask) {
  const label = make("label", { htmlFor: "against", id: "contrast-label" });
  const field = make("input", { id: "against", type: "text", dir: "auto", autocomplete: "off", placeholder: "another answer" });
  const second = make("button", { type: "button", id: "second" }, "The model’s second choice");
  const made = make("form", { id: "contrast", className: "row" }, label, field, make("button", { type: "submit" }, "Ask why"), second);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value) ask(/^(=|next$)/.test(field.value) ? `=${field.value}` : field.value);
    else field.focus();
  });
  second.addEventListener("click", () => ask("next"));
  if (against && against !== "next") field.value = against.replace(/^=/, "");
  return made;
}

/** Names what would be held against the other answer: what is picked, or what was asked about. */
export function nameContrast(picked) {
  const label = byId("contrast-label");
  if (label) label.textContent = `Why ${picked ? quoted(picked) : subject() ?? "this answer"} and not`;
}
