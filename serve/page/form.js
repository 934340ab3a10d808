// The question's form: its controls are made of the server's schemas, which come from the table of options.
import { byId, make } from "/assets/dom.js";

const MAIN = ["unit", "operator", "method", "k", "roles"];
const TEXTS = ["prompt", "messages", "system", "response", "like", "id", "target", "against", "hide", "documents"]; // have a place of their own

/** The names that a schema lists, wherever they stand in it. */
const names = (schema) => schema.enum || schema.items?.enum || (schema.anyOf || []).flatMap(names);

const isFree = (schema) => (schema.anyOf || []).some((one) => one.pattern || one.items);
const isNumber = (schema) => schema.type === "integer" || schema.type === "number";
const isSeveral = (schema) => (schema.anyOf || []).some((one) => one.type === "array" && !one.items.enum);

/** A schema without the null that stands for the default. */
export function plain({ anyOf, ...rest }) {
  return anyOf?.at(-1).type === "null" ? { ...anyOf[0], ...rest } : { ...rest, ...(anyOf ? { anyOf } : {}) };
}

function input(name, schema) {
  const fallback = schema.default ?? "";
  if (schema.type === "boolean") return make("input", { type: "checkbox", checked: fallback === true });
  const listed = names(schema);
  if (listed.length && !isFree(schema)) {
    const select = make("select", {}, ...listed.map((one) => make("option", { value: one, textContent: one })));
    select.value = fallback;
    return select;
  }
  const number = isNumber(schema);
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
  field.dataset.fallback = schema.default ?? (schema.type === "boolean" ? "false" : "");
  field.title = schema.description || "";
  const label = make("label", {}, name.replaceAll("_", " "), field, ...rest);
  if (field.type === "checkbox") {
    label.className = "switch";
    label.prepend(field);
  }
  return label;
}

/* ---- what the controls say ---- */

const fields = () => [...document.querySelectorAll("[data-option]")];
const read = (field) => (field.type === "checkbox" ? String(field.checked) : field.value.trim());

/** An empty text: the default. */
function write(field, text) {
  if (field.type === "checkbox") field.checked = (text || field.dataset.fallback) === "true";
  else if (field.localName !== "select") field.value = text;
  else if ([...field.options].some((one) => one.value === (text || field.dataset.fallback))) field.value = text || field.dataset.fallback;
}

function isDefault(field) {
  const text = read(field), { fallback } = field.dataset;
  return text === "" || text === fallback || (field.type === "number" && fallback !== "" && Number(text) === Number(fallback));
}

const typed = new Map(); // what commands share: by an option's name, default and choices
const keyOf = (field) => [field.dataset.option, field.dataset.fallback, ...(field.options || [])].map((one) => one.value ?? one).join();
const exact = new Map(); // by name: what a shown result was asked, and how its field shows that

/** The controls of a command; what was chosen for another one stays where both have the same default. */
export function fillOptions(schema) {
  const main = byId("main-options"), more = byId("more-options");
  for (const field of fields()) typed.set(keyOf(field), read(field));
  main.replaceChildren();
  more.replaceChildren();
  const known = Object.entries(schema.properties).filter(([name]) => !TEXTS.includes(name));
  known.sort(([a], [b]) => (MAIN.indexOf(a) + 1 || 99) - (MAIN.indexOf(b) + 1 || 99));
  for (const [name, one] of known) (MAIN.includes(name) ? main : more).append(control(name, plain(one)));
  for (const field of fields()) write(field, typed.get(keyOf(field)) ?? "");
}

/** Shows what a result was asked; `only`: the names of those options that it tells of. */
export function showOptions(options, only) {
  for (const field of fields()) {
    const name = field.dataset.option;
    if (only && !only.includes(name)) continue;
    write(field, options[name] ?? "");
    exact.set(name, { text: read(field), value: options[name] });
  }
}

function valueOf(name, text, schema) {
  const kept = exact.get(name);
  const value = kept?.text === text && kept.value !== undefined ? kept.value : text;
  if (schema.type === "boolean") return value === "true";
  if (isNumber(schema)) return Number.isSafeInteger(Number(value)) || schema.type === "number" ? Number(value) : value;
  return isSeveral(schema) && value.startsWith("[") ? listIn(value) : value;
}

/** The texts of an array in JSON; otherwise the text. */
export function listIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What the controls say; null: the default, also where a result is asked again that had something else. */
export function chosenOptions(schema) {
  const one = (field) => {
    const name = field.dataset.option;
    return [name, isDefault(field) ? null : valueOf(name, read(field), plain(schema.properties[name]))];
  };
  return Object.fromEntries(fields().map(one));
}

/* ---- prompt, chat and answer ---- */

export const isChat = () => byId("as-chat").getAttribute("aria-pressed") === "true";

export function setChat(chat) {
  byId("as-chat").setAttribute("aria-pressed", chat);
  byId("system-field").hidden = chat;
}

const isPlain = (messages) => messages.every((one) => typeof one.content === "string" && Object.keys(one).length === 2) &&
  messages.map((one) => one.role).join().replace(/^system,/, "") === "user";
const inJson = (messages) => JSON.stringify(messages, null, 2);

/** The prompt as messages, and back. */
export function switchChat() {
  const prompt = byId("prompt"), system = byId("system");
  if (!isChat()) {
    const messages = [{ role: "user", content: prompt.value }];
    if (system.value) messages.unshift({ role: "system", content: system.value });
    prompt.value = inJson(messages);
  } else {
    try {
      const messages = JSON.parse(prompt.value);
      prompt.value = messages.findLast((one) => one.role === "user")?.content ?? "";
      system.value = messages.find((one) => one.role === "system")?.content ?? "";
    } catch { /* it stays as it is */ }
  }
  setChat(!isChat());
}

/** A file with messages, or an object that has them, and an answer and tools. */
export function takeChat(read) {
  const messages = Array.isArray(read) ? read : read?.messages;
  if (!Array.isArray(messages)) throw new SyntaxError("no array of messages");
  byId("prompt").value = inJson(messages);
  byId("answer").value = typeof read.response === "string" ? read.response : "";
  const tools = document.querySelector("[data-option=tools]");
  if (tools && read.tools) write(tools, JSON.stringify(read.tools));
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

/** The messages of a result that does not tell what it was asked: its spans. */
function spansOf(one) {
  const bytes = new TextEncoder().encode(one.prompt.text);
  return (one.prompt.messages || []).map(({ role, start, end }) => ({ role: role || "user", content: new TextDecoder().decode(bytes.subarray(start, end)) }));
}

/** Shows the texts that a result was asked about. */
export function showTexts(one) {
  const { prompt, system, messages } = one.options || {};
  const chat = prompt !== undefined ? null : messages ? listIn(messages) : spansOf(one);
  const simple = !chat || isPlain(chat);
  setChat(!simple && chat.length > 0);
  byId("prompt").value = !chat ? prompt : !chat.length ? one.prompt.text : simple ? chat.at(-1).content : inJson(chat);
  byId("system").value = !chat ? system ?? "" : simple && chat.length === 2 ? chat[0].content : "";
  byId("answer").value = one.response.text;
}
