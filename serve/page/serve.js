// The page: asks, shows how it goes and what came of it.
import { aboutOptions, aboutText, contrastForm, nameContrast, setAbout, takeAbout, targetBytes } from "/assets/about.js";
import * as api from "/assets/api.js";
import { addDocuments, dressStatements, givenDocuments, listenToDocuments, setDocuments, showCarried, takeDocuments } from "/assets/cite.js";
import { byId, make } from "/assets/dom.js";
import * as form from "/assets/form.js";
import { beginHand, listenToHand, number, stopHand, toggle } from "/assets/hand.js";
import { forgetPast, remember, showPast } from "/assets/past.js";
import { light, listenTo, pickBytes, pickedTarget, showReport } from "/assets/shown.js";
import { now, shownOf, shownOption, UNITS } from "/assets/state.js";

const TABS = ["explain", "compare", "audit", "compress", "cite"]; // those that the server has
const WORDS = { explain: "Explain", compare: "Compare methods", audit: "Audit", compress: "Compress", cite: "Cite" };
const intro = byId("intro");

/* ---- what is told ---- */

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

/** An id; true: it is being asked for, or its result fetched; null: nothing runs. */
function setRunning(id) {
  now.running = id;
  byId("going").hidden = !id;
  byId("stop").hidden = typeof id !== "string";
  byId("run").disabled = byId("answer-only").disabled = byId("new").disabled = !!id;
}

/* ---- the server goes away, and comes back ---- */

let lost = false;
async function lose() {
  if (lost) return;
  lost = true;
  const asked = now.running;
  byId("lost").hidden = false;
  setRunning(null);
  while (lost) {
    await new Promise((next) => setTimeout(next, 700));
    await api.health().then(() => (lost = false), () => {});
  }
  byId("lost").hidden = true;
  say("The server is back.");
  try {
    if (typeof asked === "string") await follow(asked);
  } catch {
    setRunning(null);
    showProblem("The server was started anew, and does not know the question any more: ask again.");
  }
}
setInterval(() => lost || api.health().catch(lose), 3000);

/* ---- asking ---- */

const defaultOf = (name) => form.plain(now.schemas[now.command].properties[name] ?? {}).default;

/** Whether the map that is shown is of the units that these options have. */
const isShown = (options) => now.base && !now.base.edited && /^(explain|compare|score)$/.test(now.base.command) &&
  UNITS.every((name) => (options[name] ?? defaultOf(name)) === shownOption(name));

/** What to send: the texts of the form; or, where they are as the shown result has them, its question again. */
function question(options) {
  const { base } = now;
  if (now.command === "cite") return { ...form.askedTexts(), documents: givenDocuments(), ...options };
  if (!base || base.edited || base.command === "cite") return { ...form.askedTexts(), ...options };
  return { like: base.id, ...(isShown(options) ? {} : { response: base.one.response.text }), ...options };
}

async function begin(name, options) {
  showProblem("");
  stopHand();
  byId("how").textContent = "";
  setRunning(true);
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
  setRunning(true);
  await open(id);
  history.pushState(null, "", `#${id}`);
  setRunning(null);
  byId("shown").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

const optionsNow = () => form.chosenOptions(now.schemas[now.command]);

/** Of the shown answer, whose texts are still those of the form. */
function canAskFurther() {
  if (now.base?.edited) showProblem("The texts above are others now: ask them first.");
  return now.base && !now.base.edited && !now.running;
}

function explain(targets, against) {
  choose(now.command === "compare" ? "compare" : "explain");
  setAbout(targets, against);
  begin(now.command, { ...optionsNow(), ...aboutOptions(now.command) });
}

/** Why what is picked, and not another answer. */
function explainPicked(against = null) {
  const picked = pickedTarget();
  if (!canAskFurther() || (!picked && !against)) return;
  if (picked) explain([picked.bytes], against);
  else explain(aboutOptions("explain").target, against);
}

/** Without a set to hide: the answer, and how likely it is. */
function answerOnly() {
  const known = now.schemas.score.properties, options = optionsNow();
  const own = Object.fromEntries(Object.entries(options).filter(([name]) => known[name]));
  return begin("score", { ...own, target: null, against: null, hide: null, metrics: null });
}

/** The answer first, so that the search has a map to light up. */
async function askNow() {
  if (!now.base || now.base.edited) setAbout();
  const options = optionsNow(), about = aboutOptions(now.command);
  const light = now.command === "explain" || now.command === "compare";
  if (light && !isShown(options)) {
    if (!(await answerOnly())) return;
    setAbout(about.target, about.against);
  }
  begin(now.command, { ...options, ...about });
}

/* ---- showing ---- */

async function open(id) {
  const status = await api.run(id);
  if (!status.result) return follow(id);
  const result = status.result, one = shownOf(result);
  const answer = status.command === "score" && !one.selected.length;
  const html = await api.report(id);
  now.base = { id, command: status.command, one, result, edited: false };
  showReport(html, answer ? ["prompt", "response"] : null);
  showQuestion();
  byId("shown").classList.toggle("answer", answer);
  if (answer) headAnswer();
  if (status.command === "cite") dressStatements(say);
  else beginHand(explainButton(), ...(now.schemas[status.command]?.properties.against ? [contrastForm(explainPicked)] : []));
  pickBytes(targetBytes());
  addExports(id);
  showProblem("");
  remember(id, firstWords(one), status.command);
  showPast(forget);
  document.title = `jopa: ${byId("shown").querySelector("h1").textContent}`;
  say(byId("shown").querySelector("h1").textContent);
}

/** The form is as the shown result was asked. */
function showQuestion() {
  const { command, one } = now.base;
  if (TABS.includes(command)) choose(command);
  form.showTexts(one);
  if (one.options) form.showOptions(one.options, command === "score" ? Object.keys(now.schemas.score.properties).filter((name) => name !== "metrics") : null);
  takeAbout(one.options);
  takeDocuments(one.options);
}

function explainButton() {
  const button = make("button", { type: "button", id: "explain-picked", hidden: true });
  button.addEventListener("click", () => explainPicked());
  return button;
}

/** What is picked has a button, for those who have neither mouse nor keyboard, and its place in the question of contrast. */
function tellPicked(text) {
  const button = byId("explain-picked");
  if (button) button.hidden = !text;
  if (button && text) button.textContent = `Explain “${text}”`;
  nameContrast(text);
}

const firstWords = (one) => `${byId("prompt").value.slice(0, 70)} → ${aboutText() || one.response.text.slice(0, 40)}`;

function headAnswer() {
  byId("shown").prepend(make("h1", {}, "Select a part of the answer"),
    make("p", { className: "lead" }, "Drag over it, click a word, or hold Shift with the arrow keys and press Enter. Its joint set lights up in the prompt. Click words of the prompt to hide them."));
}

function addExports(id) {
  const line = make("p", { className: "exports" }, "This result: ");
  line.append(make("a", { href: `#${id}` }, "permanent link"));
  for (const format of now.formats.filter((one) => one !== "prompt" || now.base.command === "compress"))
    line.append(", ", make("a", { href: `${api.reportPath(id, format)}&download=true` }, format));
  byId("shown").append(line);
}

/* ---- tabs ---- */

function choose(name, focus) {
  if (name !== now.command || !byId("main-options").children.length) form.fillOptions(now.schemas[name]);
  now.command = name;
  byId("run").textContent = WORDS[name];
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const mine = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", mine);
    tab.tabIndex = mine ? 0 : -1;
    if (mine && focus) tab.focus();
  }
  byId("options").setAttribute("aria-labelledby", `tab-${name}`);
  byId("documents").hidden = name !== "cite";
  byId("answer-only").hidden = name === "cite"; // it would be one without the documents
}

function makeTabs() {
  const there = TABS.filter((name) => now.paths[`/v1/${name}`]), bar = document.querySelector("[role=tablist]");
  for (const name of there) {
    const tab = make("button", { type: "button", id: `tab-${name}` }, WORDS[name]);
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "options");
    tab.addEventListener("click", () => choose(name));
    bar.append(tab);
  }
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = there.indexOf(event.target.id.replace("tab-", ""));
    if (step && at >= 0) choose(there.at((at + step) % there.length), true);
  });
  choose("explain");
}

/* ---- the whole ---- */

const forget = async (id) => {
  forgetPast(id);
  showPast(forget);
  await api.forget(id).catch(() => {});
};

function openLink() {
  const id = /^#([0-9a-f]{32})$/.exec(location.hash)?.[1];
  if (!id) return now.base && !location.hash && showIntro();
  if (now.base?.id === id) return null;
  return open(id).catch((error) => {
    if (error.status !== 404) return tellFailure(error);
    showProblem("This link's result is not known any more: the server keeps results for a while, or with --store for good.");
  });
}

const isChat = (read) => [read?.messages ?? read].flat().every((one) => typeof one?.role === "string");

/** In the tab "cite" a file holds documents; otherwise: a saved result is shown; messages, and an answer and tools with them, go into the form. */
async function takeFile(file) {
  try {
    const text = await file.text(), cite = now.command === "cite", read = cite ? form.listIn(text) : JSON.parse(text);
    if (cite && read?.schema === undefined && !isChat(read)) return addDocuments(file.name, text);
    if (read?.schema !== undefined) {
      const { id } = await api.keep(text);
      await open(id);
      history.pushState(null, "", `#${id}`);
      return;
    }
    form.takeChat(read);
    if (now.base) now.base.edited = true;
    showProblem("");
    byId("prompt").focus();
  } catch (error) {
    if (error instanceof SyntaxError) showProblem("That file is neither a saved result nor a JSON array of messages.");
    else tellFailure(error);
  }
}

/** Nothing is asked yet. */
function showIntro() {
  stopHand();
  now.base = null;
  for (const name of ["prompt", "system", "answer"]) byId(name).value = "";
  form.setChat(false);
  setAbout();
  setDocuments([]);
  showProblem("");
  byId("shown").classList.remove("answer");
  byId("shown").replaceChildren(intro);
  document.title = "jopa: what does the answer rest on?";
}

function clear() {
  showIntro();
  history.pushState(null, "", "/");
  byId("prompt").focus();
}

function listenToForm() {
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!now.running) askNow();
  });
  byId("ask").addEventListener("keydown", (event) => event.key === "Enter" && event.ctrlKey && byId("ask").requestSubmit());
  for (const name of ["prompt", "system", "answer"])
    byId(name).addEventListener("input", () => {
      const { base } = now;
      if (base && !base.edited && name !== "answer" && byId("answer").value === base.one.response.text) byId("answer").value = "";
      if (base) base.edited = true;
      setAbout();
    });
  byId("as-chat").addEventListener("click", form.switchChat);
  byId("answer-only").addEventListener("click", answerOnly);
  byId("stop").addEventListener("click", () => api.forget(now.running).catch(tellFailure));
  byId("about-all").addEventListener("click", () => {
    setAbout();
    pickBytes(null);
    byId("run").focus();
  });
  byId("new").addEventListener("click", clear);
  byId("import").addEventListener("change", async ({ target }) => {
    if (target.files[0]) await takeFile(target.files[0]);
    target.value = "";
  });
  const hasFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    for (const file of [...event.dataTransfer.files]) await takeFile(file);
  });
  addEventListener("hashchange", openLink);
  addEventListener("popstate", openLink);
}

/** Units cannot be hidden while a search needs the model. */
function toggleUnit(element) {
  if (now.base?.command === "cite") showCarried(element, say);
  else if (!now.running) toggle(element);
  else say("It runs: wait for it, or stop it.");
}

async function start() {
  const [{ model, capabilities }, { paths, components }] = await Promise.all([api.health(), api.openapi()]);
  Object.assign(now, { paths, schemas: components.schemas, writes: capabilities.split(",").includes("generate") });
  now.formats = paths["/v1/runs/{id}/report"].get.parameters.find((one) => one.name === "format").schema.enum;
  byId("model").textContent = model;
  makeTabs();
  listenToForm();
  listenToDocuments();
  listenTo(toggleUnit, explainPicked, tellPicked);
  listenToHand({ back: () => open(now.base.id).catch(tellFailure), fail: tellFailure, told: say });
  showPast(forget);
  await openLink();
  document.documentElement.dataset.ready = "true";
}
start().catch(tellFailure);
