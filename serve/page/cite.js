// Where an answer comes from: the documents that are given, and a cited answer, each statement with its sources.
import { byId, make } from "/assets/dom.js";
import { listIn } from "/assets/form.js";
import { lightAlone, unitsOf } from "/assets/shown.js";

let documents = []; // {title, text} of each

/* ---- the documents ---- */

function showDocuments() {
  byId("document-list").replaceChildren(...documents.map((one, i) => {
    const button = make("button", { type: "button", className: "plain" }, "Remove");
    const name = one.title || `document ${i + 1}`;
    button.setAttribute("aria-label", `Remove ${name}`);
    button.addEventListener("click", () => {
      documents = documents.filter((other) => other !== one);
      showDocuments();
      byId("document-text").focus();
    });
    return make("li", {}, make("details", {}, make("summary", { dir: "auto" }, name), make("div", { className: "text", dir: "auto" }, one.text)), button);
  }));
}

export function setDocuments(all) {
  documents = all;
  showDocuments();
}

/** Those of a result, as its options have them: texts that are JSON. */
export const takeDocuments = ({ documents: asked } = {}) => asked && setDocuments([listIn(asked)].flat().flatMap((one) => listIn(one)));

const isDocument = (one) => typeof one?.text === "string";

/** A file with documents: JSON Lines or an array of {title, text}; otherwise the file is one. */
function documentsIn(name, text) {
  const lines = text.split("\n").filter((line) => line.trim()).map(listIn);
  const all = [listIn(text)].flat();
  if (all.every(isDocument)) return all;
  if (lines.length && lines.every(isDocument)) return lines;
  return text.trim() ? [{ title: name, text }] : [];
}

export function addDocuments(name, text) {
  setDocuments([...documents, ...documentsIn(name, text)]);
}

/** What was pasted; false: nothing was. */
function addPasted() {
  const text = byId("document-text"), title = byId("document-title");
  if (!text.value.trim()) return false;
  setDocuments([...documents, { title: title.value.trim(), text: text.value }]);
  text.value = title.value = "";
  return true;
}

/** All of them, with what is pasted and not added yet. */
export function givenDocuments() {
  addPasted();
  return documents;
}

export function listenToDocuments() {
  byId("add-document").addEventListener("click", () => {
    addPasted();
    byId("document-text").focus();
  });
  byId("document-files").addEventListener("change", async ({ target }) => {
    for (const file of target.files) addDocuments(file.name, await file.text());
    target.value = "";
  });
}

/* ---- a cited answer ---- */

const statements = () => [...byId("shown").querySelectorAll(".statement")];
const unitsIn = (statement) => statement.dataset.units.split(",").filter(Boolean).map(Number);

const wordsOf = (statement) => [...statement.childNodes].filter((one) => one.nodeName !== "SUP").map((one) => one.textContent).join("");

function press(pressed) {
  const numbers = new Set(pressed.flatMap((one) => [...one.querySelectorAll("sup")].map((sup) => sup.textContent)));
  for (const one of statements()) one.setAttribute("aria-pressed", pressed.includes(one));
  for (const one of byId("shown").querySelectorAll(".sources li")) one.classList.toggle("lit", numbers.has(one.id.replace("source-", "")));
}

/** Statements can be picked: their sources light up in the documents. told(text): which they are. */
export function dressStatements(told) {
  const pick = (statement) => {
    const off = statement.getAttribute("aria-pressed") === "true";
    press(off ? [] : [statement]);
    lightAlone(off ? null : unitsIn(statement));
    const sources = [...byId("shown").querySelectorAll(".sources li.lit q")].map((one) => one.textContent);
    told(off ? "" : sources.length ? `Its sources: ${sources.join(" ")}` : "It is not from the documents.");
  };
  const note = byId("shown").querySelector("#answer .note");
  if (note) note.textContent = "Pick a sentence, and its sources light up. Pick a part of the documents, and what it carries does.";
  for (const one of statements()) {
    for (const link of one.querySelectorAll("a")) link.replaceWith(link.textContent); // picking it shows the sources
    one.setAttribute("role", "button");
    one.setAttribute("aria-pressed", "false");
    one.tabIndex = 0;
    one.addEventListener("click", () => pick(one));
    one.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick(one);
    });
  }
}

/** A part of the documents was picked: the statements that it carries. */
export function showCarried(element, told) {
  const units = unitsOf(element), carried = statements().filter((one) => unitsIn(one).some((unit) => units.includes(unit)));
  lightAlone(units);
  press(carried);
  told(carried.length ? `It carries: ${carried.map(wordsOf).join(" ")}` : "The answer does not cite it.");
}
