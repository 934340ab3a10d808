// The page: asks, shows how it goes and what came of it.
import * as api from "/assets/api.js";
import { byId, make } from "/assets/dom.js";
import * as form from "/assets/form.js";
import { forgetPast, remember, showPast } from "/assets/past.js";
import { light, listenTo, pickedTarget, replaceAnswer, showHidden, showReport, unitsOf } from "/assets/shown.js";

const TABS = ["explain", "compare", "audit", "compress", "cite"]; // those that the server has
const WORDS = { explain: "Explain", compare: "Compare methods", audit: "Audit", compress: "Compress", cite: "Cite" };
let paths = {}, schemas = {}, command = "explain", formats = [];
let running = null; // the id of what runs
let base = null; // what is shown: {id, command, one, result, edited}
let hidden = new Set(), byHand = 0;

/* ---- what is told ---- */

const number = (value, digits = 3) => Number(value).toLocaleString("en", { maximumSignificantDigits: digits });
const say = (text) => (byId("news").textContent = text);

function showProblem(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = text || "";
}

/** A failure: the server is gone, or it said no. */
function tellFailure(error) {
  if (error instanceof api.Refusal || error instanceof SyntaxError) {
    const chat = error instanceof SyntaxError ? "The chat is no JSON array of messages: " : "";
    showProblem(error.status === 401 ? "This server needs its token: open it by the link that it printed." : chat + error.message);
  } else lose();
}

function tellProgress({ command: status, place, progress }) {
  const p = progress || {};
  const parts = [place ? `waits: ${place} before it` : p.stage || "begins"];
  if (p.evaluations) parts.push(p.budget ? `${p.evaluations}/${p.budget} evaluations` : `${p.evaluations} evaluations`);
  if (p.best_drop !== undefined) parts.push(`best drop ${number(p.best_drop)}`);
  if (p.best_text) parts.push(p.best_text);
  if (p.seconds_left !== undefined && p.evaluations) parts.push(`${Math.ceil(p.seconds_left)} s left`);
  byId("how").textContent = parts.join(", ");
  if (p.fraction === undefined) byId("bar").removeAttribute("value");
  else byId("bar").value = p.fraction;
  if (p.best && /^(explain|compare)$/.test(status)) light(p.best);
}

function setRunning(id) {
  running = id;
  byId("going").hidden = byId("stop").hidden = !id;
  byId("run").disabled = byId("answer-only").disabled = !!id;
}

/* ---- the server goes away, and comes back ---- */

let lost = false;
async function lose() {
  if (lost) return;
  lost = true;
  const asked = running;
  byId("lost").hidden = false;
  setRunning(null);
  while (lost) {
    await new Promise((next) => setTimeout(next, 700));
    await api.health().then(() => (lost = false), () => {});
  }
  byId("lost").hidden = true;
  say("The server is back.");
  try {
    if (asked) await follow(asked);
  } catch {
    setRunning(null);
    showProblem("The server was started anew, and does not know the question any more: ask again.");
  }
}
setInterval(() => lost || api.health().catch(lose), 3000);

/* ---- asking ---- */

const settled = ["unit", "operator", "roles"]; // what a map of units depends on
const defaultOf = (name) => schemas[command].properties[name]?.default;

/** Whether the map that is shown is of the units that these options have. */
const isShown = (options) => base && !base.edited && base.command !== "audit" && base.command !== "compress" &&
  settled.every((name) => (options[name] ?? defaultOf(name)) === (base.one.options?.[name] ?? schemas[base.command].properties[name].default));

/** What to send: the texts of the form; or, where they are as the shown result has them, its question again. */
function question(options) {
  if (!base || base.edited) return { ...form.askedTexts(), ...options };
  return { like: base.id, ...(isShown(options) ? {} : { response: base.one.response.text }), ...options };
}

async function begin(name, options) {
  showProblem("");
  try {
    const { id } = await api.begin(name, question(options));
    await follow(id);
    return true;
  } catch (error) {
    tellFailure(error);
    setRunning(null);
    return false;
  }
}

/** Hear how it goes, then show the result. */
async function follow(id) {
  setRunning(id);
  say("It runs.");
  await api.listen(id, tellProgress);
  setRunning(null);
  await open(id);
  history.pushState(null, "", `#${id}`);
  byId("shown").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

const optionsNow = () => form.chosenOptions(schemas[command]);

function explainPicked() {
  const target = pickedTarget();
  if (!target || running || base.edited) return;
  choose(command === "compare" ? "compare" : "explain");
  byId("how").textContent = target.text;
  begin(command, { ...optionsNow(), target: target.bytes });
}

/** Without a set to hide: the answer, and how likely it is. */
function answerOnly() {
  const known = schemas.score.properties;
  return begin("score", Object.fromEntries(Object.entries(optionsNow()).filter(([name]) => known[name] && !["target", "metrics"].includes(name))));
}

/** The answer first, so that the search has a map to light up. */
async function askNow() {
  const options = optionsNow(), light = command === "explain" || command === "compare";
  if (light && !isShown(options) && !(await answerOnly())) return;
  begin(command, options);
}

/* ---- showing ---- */

const oneOf = (result) => (result.results ? result.results[0] : result);

async function open(id) {
  const status = await api.run(id);
  if (!status.result) return follow(id);
  const result = status.result, one = oneOf(result);
  const answer = status.command === "score" && !one.selected.length;
  showReport(await api.report(id), answer ? ["prompt", "response"] : null);
  base = { id, command: status.command, one, result, edited: false };
  hidden = new Set(one.selected);
  form.showTexts(one);
  byId("shown").classList.toggle("answer", answer);
  if (answer) headAnswer();
  addHand();
  addExports(id);
  showHidden(hidden);
  showProblem("");
  remember(id, firstWords(one), status.command);
  showPast(forget);
  document.title = `jopa: ${byId("shown").querySelector("h1").textContent}`;
  say(byId("shown").querySelector("h1").textContent);
}

const firstWords = (one) => `${byId("prompt").value.slice(0, 70)} → ${one.response.text.slice(0, 40)}`;

function headAnswer() {
  byId("shown").prepend(make("h1", {}, "Select a part of the answer"),
    make("p", { className: "lead" }, "Drag over it, click a word, or hold Shift with the arrow keys and press Enter. Its joint set lights up in the prompt. Click words of the prompt to hide them."));
}

function addExports(id) {
  const line = make("p", { className: "exports" }, "This result: ");
  line.append(make("a", { href: `#${id}` }, "permanent link"));
  for (const format of formats.filter((one) => one !== "prompt" || base.command === "compress"))
    line.append(", ", make("a", { href: `${api.reportPath(id, format)}&download=true` }, format));
  byId("shown").append(line);
}

/* ---- hiding by hand ---- */

function addHand() {
  const box = make("div", { className: "hand", id: "hand" });
  const line = make("p", { id: "hand-line" }), more = make("button", { type: "button", id: "explain-picked", hidden: true });
  more.addEventListener("click", explainPicked);
  box.append(line, more);
  (byId("shown").querySelector("#response") || byId("shown")).append(box);
  tellHand(null);
}

function tellHand(one) {
  const drop = one ? one.log_prob.drop : base.one.log_prob.drop;
  const likely = drop ? `${number(Math.exp(Math.abs(drop)))} times ${drop > 0 ? "less" : "more"} likely` : "as likely as before";
  byId("hand-line").textContent = !hidden.size ? "Nothing is hidden. Click a word of the prompt to hide it."
    : `${hidden.size} hidden: drop ${number(drop)} nats; the answer is ${likely}.`;
  byId("hand").querySelectorAll("h3, .text, .plain").forEach((old) => old.remove());
  const text = (one || base.one).masked_response?.text;
  if (hidden.size && text !== undefined)
    byId("hand").append(make("h3", {}, "What the model then writes"), make("div", { className: "text", dir: "auto" }, text));
  if (one) {
    const back = make("button", { type: "button", className: "plain" }, "Back to the result");
    back.addEventListener("click", () => open(base.id).catch(tellFailure));
    byId("hand").append(back);
  }
}

const ranges = (units) => [...units].sort((a, b) => a - b).join(",");

/** Score what is hidden now. Clicks that come meanwhile count once it is done. */
async function scoreHand() {
  const turn = ++byHand;
  await new Promise((next) => setTimeout(next, 120));
  if (turn !== byHand) return;
  byId("hand-line").textContent = "scoring …";
  try {
    const own = Object.fromEntries(settled.map((name) => [name, base.one.options?.[name] ?? schemas[base.command].properties[name].default]));
    const { id } = await api.begin("score", { like: base.id, ...own, metrics: "words", ...(hidden.size ? { hide: [ranges(hidden)] } : {}) });
    await api.listen(id, () => {});
    const [status, html] = await Promise.all([api.run(id), api.report(id)]);
    if (turn !== byHand) return;
    replaceAnswer(html);
    tellHand(oneOf(status.result));
    say(byId("hand-line").textContent);
  } catch (error) {
    tellFailure(error);
  }
}

function toggle(element) {
  const units = unitsOf(element), off = !hidden.has(units[0]);
  for (const unit of units) off ? hidden.add(unit) : hidden.delete(unit);
  showHidden(hidden);
  scoreHand();
}

/* ---- tabs ---- */

function choose(name, focus) {
  if (name !== command || !byId("main-options").children.length) form.fillOptions(schemas[name]);
  command = name;
  byId("run").textContent = WORDS[name];
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const mine = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", mine);
    tab.tabIndex = mine ? 0 : -1;
    if (mine && focus) tab.focus();
  }
  byId("options").setAttribute("aria-labelledby", `tab-${name}`);
}

function makeTabs() {
  const there = TABS.filter((name) => paths[`/v1/${name}`]), bar = document.querySelector("[role=tablist]");
  for (const name of there) {
    const tab = make("button", { type: "button", id: `tab-${name}` }, WORDS[name]);
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "options");
    tab.addEventListener("click", () => choose(name));
    bar.append(tab);
  }
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) choose(there.at((there.indexOf(command) + step) % there.length), true);
  });
  choose("explain");
}

/* ---- the whole ---- */

const forget = async (id) => {
  forgetPast(id);
  showPast(forget);
  await api.forget(id).catch(() => {});
};

const openLink = () => /^#[0-9a-f]{32}$/.test(location.hash) && base?.id !== location.hash.slice(1) &&
  open(location.hash.slice(1)).catch((error) => {
    if (error.status !== 404) return tellFailure(error);
    showProblem("This link's result is not known any more: the server keeps results for a while, or with --store for good.");
  });

async function importFile(file) {
  try {
    const { id } = await api.keep(await file.text());
    await open(id);
    history.pushState(null, "", `#${id}`);
  } catch (error) {
    tellFailure(error);
  }
}

async function dropFile(file) {
  const text = await file.text();
  if (/"schema"\s*:\s*1\b/.test(text.slice(0, 400))) return importFile(file);
  try {
    form.takeChat(text);
    if (base) base.edited = true;
  } catch (error) {
    tellFailure(error);
  }
}

function clear() {
  base = null;
  byId("ask").reset();
  form.setChat(false);
  history.pushState(null, "", "/");
  byId("prompt").focus();
}

function listenToForm() {
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) askNow();
  });
  byId("ask").addEventListener("keydown", (event) => event.key === "Enter" && event.ctrlKey && byId("ask").requestSubmit());
  for (const name of ["prompt", "system", "answer"])
    byId(name).addEventListener("input", () => {
      if (base && !base.edited && name !== "answer" && byId("answer").value === base.one.response.text) byId("answer").value = "";
      if (base) base.edited = true;
    });
  byId("as-chat").addEventListener("click", form.switchChat);
  byId("answer-only").addEventListener("click", answerOnly);
  byId("stop").addEventListener("click", () => running && api.forget(running).catch(tellFailure));
  byId("new").addEventListener("click", clear);
  byId("import").addEventListener("change", (event) => event.target.files[0] && importFile(event.target.files[0]));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) dropFile(event.dataTransfer.files[0]);
  });
  addEventListener("hashchange", openLink);
  addEventListener("popstate", openLink);
}

async function start() {
  const [{ model }, document_] = await Promise.all([api.health(), api.openapi()]);
  paths = document_.paths;
  schemas = document_.components.schemas;
  formats = paths["/v1/runs/{id}/report"].get.parameters.find((one) => one.name === "format").schema.enum;
  byId("model").textContent = model;
  makeTabs();
  listenToForm();
  listenTo(toggle, explainPicked, (text) => {
    byId("explain-picked").hidden = !text;
    byId("explain-picked").textContent = `Explain “${text}”`;
  });
  showPast(forget);
  await openLink();
  document.documentElement.dataset.ready = "true";
}
start().catch(tellFailure);
