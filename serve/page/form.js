// The question's form: its controls are made of the server's schemas, which come from the table of options.
import { byId, make } from "/assets/dom.js";

const MAIN = ["unit", "operator", "method", "k", "roles"];
const TEXTS = ["prompt", "messages", "system", "response", "like", "id", "target", "hide"]; // have a place of their own

/** The names that a schema lists, wherever they stand in it. */
const names = (schema) => schema.enum || schema.items?.enum || (schema.anyOf || []).flatMap(names);

const isFree = (schema) => (schema.anyOf || []).some((one) => one.pattern || one.items);

function input(name, schema) {
  const fallback = schema.default ?? "";
  if (schema.type === "boolean") return make("input", { type: "checkbox", checked: fallback === true });
  const listed = names(schema);
  if (listed.length && !isFree(schema)) {
    const select = make("select", {}, ...listed.map((one) => make("option", { value: one, textContent: one })));
    select.value = fallback;
    return select;
  }
  const number = schema.type === "integer" || schema.type === "number";
  const made = make("input", { type: number ? "number" : "text", placeholder: number && !fallback ? "" : fallback, autocomplete: "off" });
  if (schema.type === "number") made.step = "any";
  if (number) [made.min, made.max] = [schema.minimum ?? "", schema.maximum ?? ""];
  if (!listed.length) return made;
  const list = make("datalist", { id: `names-${name}` }, ...listed.map((one) => make("option", { value: one })));
  made.setAttribute("list", list.id);
  return [made, list];
}

function control(name, schema) {
  const [field, ...rest] = [input(name, schema)].flat();
  field.dataset.option = name;
  field.title = schema.description || "";
  const label = make("label", {}, name.replaceAll("_", " "), field, ...rest);
  if (field.type === "checkbox") {
    label.className = "switch";
    label.prepend(field);
  }
  return label;
}

export function fillOptions(schema) {
  const main = byId("main-options"), more = byId("more-options");
  main.replaceChildren();
  more.replaceChildren();
  const known = Object.entries(schema.properties).filter(([name]) => !TEXTS.includes(name));
  known.sort(([a], [b]) => (MAIN.indexOf(a) + 1 || 99) - (MAIN.indexOf(b) + 1 || 99));
  for (const [name, one] of known) (MAIN.includes(name) ? main : more).append(control(name, one));
}

/** What the controls say that is not the default. */
export function chosenOptions(schema) {
  const chosen = {};
  for (const field of document.querySelectorAll("[data-option]")) {
    const one = schema.properties[field.dataset.option];
    const value = field.type === "checkbox" ? field.checked : field.value.trim();
    if (value === "" || value === (one.default ?? false)) continue;
    const number = one.type === "integer" || one.type === "number";
    if (number && one.default === Number(value)) continue;
    chosen[field.dataset.option] = number ? Number(value) : value;
  }
  return chosen;
}

/* ---- prompt, chat and answer ---- */

export const isChat = () => byId("as-chat").getAttribute("aria-pressed") === "true";

export function setChat(chat) {
  byId("as-chat").setAttribute("aria-pressed", chat);
  byId("system-field").hidden = chat;
}

/** The prompt as messages, and back. */
export function switchChat() {
  const prompt = byId("prompt"), system = byId("system");
  if (!isChat()) {
    const messages = [{ role: "user", content: prompt.value }];
    if (system.value) messages.unshift({ role: "system", content: system.value });
    prompt.value = JSON.stringify(messages, null, 2);
  } else {
    try {
      const messages = JSON.parse(prompt.value);
      prompt.value = messages.findLast((one) => one.role === "user")?.content ?? "";
      system.value = messages.find((one) => one.role === "system")?.content ?? "";
    } catch { /* it stays as it is */ }
  }
  setChat(!isChat());
}

/** A file with messages, or an object that has them. */
export function takeChat(text) {
  const read = JSON.parse(text);
  const messages = Array.isArray(read) ? read : read.messages;
  if (!Array.isArray(messages)) throw new SyntaxError("no array of messages");
  byId("prompt").value = JSON.stringify(messages, null, 2);
  byId("answer").value = typeof read.response === "string" ? read.response : "";
  setChat(true);
}

/** The texts of the question; throws where the chat is no JSON. */
export function askedTexts() {
  const texts = {}, prompt = byId("prompt").value, system = byId("system").value, answer = byId("answer").value;
  if (isChat()) texts.messages = JSON.parse(prompt);
  else texts.prompt = prompt;
  if (!isChat() && system) texts.system = system;
  if (answer) texts.response = answer;
  return texts;
}

/** Shows what a result was asked. */
export function showTexts(one) {
  const bytes = new TextEncoder().encode(one.prompt.text);
  const messages = (one.prompt.messages || []).map(({ role, start, end }) => ({ role: role || "user", content: new TextDecoder().decode(bytes.subarray(start, end)) }));
  const simple = messages.length === 1 || (messages.length === 2 && messages[0].role === "system");
  const user = messages.at(-1);
  setChat(!simple && messages.length > 0);
  byId("prompt").value = !messages.length ? one.prompt.text : simple ? user.content : JSON.stringify(messages, null, 2);
  byId("system").value = simple && messages.length === 2 ? messages[0].content : "";
  byId("answer").value = one.response.text;
}
