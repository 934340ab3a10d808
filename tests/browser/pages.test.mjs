// The HTML reports in Chromium: their texts are exact, but for marks where a reader would see nothing, and inert, pointer and keyboard work, axe-core finds nothing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { axeSource, hostileResult, launch, open, render, save, saved } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const texts = (page, map) => page.$$eval(`[data-map=${map}]`, (all) => all.map((one) => one.textContent));
const slice = (result, { start, end }) => Buffer.from(result.prompt.text).subarray(start, end).toString();
/** Invisible and reordering characters as pages show them (src/base/unseen.c). */
const MARKS = { "\x1b": "⟨ESC⟩", "\x01": "⟨U+0001⟩", "\u202e": "⟨RLO⟩", "\u202c": "⟨PDF⟩", "\ufffe": "⟨U+FFFE⟩", "\u2028": "⟨LS⟩" };
const seen = (text) => text.replace(/[\x1b\x01\u202e\u202c\ufffe\u2028]/g, (one) => MARKS[one]);
const contents = (result) => result.prompt.messages.map((message) => seen(slice(result, message)));

/** Runs `check` on the page of a result and expects it to be silent. */
async function onPage(json, check, options) {
  const { page, problems, close } = await open(browser, render(json), options);
  await check(page, read(json));
  await close();
  assert.deepEqual(problems, []);
}

for (const name of ["lisbon", "hostile", "compare", "oslo"])
  test(`${name}: opens in silence and shows its texts`, () =>
    onPage(saved(name), async (page, result) => {
      const one = result.results ? result.results[0] : result;
      assert.deepEqual(await texts(page, "prompt"), contents(one));
      assert.deepEqual(await texts(page, "response"), [seen(one.response.text)]);
    }));

test("2,000 hostile tokens show exactly their text and run nothing", () =>
  onPage(save("tokens", hostileResult(2000)), async (page, result) => {
    assert.deepEqual(await texts(page, "prompt"), contents(result));
    assert.deepEqual(await texts(page, "response"), [seen(result.response.text)]);
    assert.deepEqual(await page.$$eval(".beside .text", (all) => all.map((one) => one.textContent)),
      [result.response.text, result.masked_response.text].map(seen));
    assert.equal(await page.evaluate(() => window.ran), undefined);
    assert.equal(await page.locator("script").count(), 1);
    assert.equal(await page.locator("img, iframe, object, link, u, s").count(), 0);
    const tags = await page.$$eval(".text *", (all) => [...new Set(all.map((one) => one.localName))].sort());
    assert.deepEqual(tags, ["ins", "mark", "span"]); // the masked response only adds
    assert.equal(await page.locator("[data-map=prompt] mark").count(), result.selected.length);
  }));

test("nothing runs that was not in the page when it was made", async () => {
  const { page, close } = await open(browser, render(saved("lisbon")));
  const ran = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.ran = 1";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = 2'>");
    await new Promise((done) => setTimeout(done, 200));
    return window.ran;
  });
  assert.equal(ran, undefined);
  await close();
});

const percent = (logProb) => 100 * Math.exp(logProb);
/** The tip's rows as [name, number]. */
const rows = (page) =>
  page.$$eval("#tip dl > *", (all) => all.map((one) => one.textContent)).then((all) =>
    Object.fromEntries(all.flatMap((text, i) => (i % 2 ? [[all[i - 1], parseFloat(text.replace(/,/g, ""))]] : []))));

async function assertTipOfToken(page, token) {
  const said = await rows(page);
  const near = (value, expected) => assert.ok(Math.abs(value - expected) <= 0.006 * Math.abs(expected) + 1e-9, `${value} for ${expected}`);
  near(said["whole prompt"], percent(token.log_prob));
  near(said["set hidden"], percent(token.masked_log_prob));
  near(said.drop, token.log_prob - token.masked_log_prob);
}

test("pointing at a token of the response tells what hiding the set did to it", () =>
  onPage(saved("lisbon"), async (page, result) => {
    const at = result.response.tokens.findIndex((token) => token.text === " trams");
    const token = page.locator("[data-map=response] .t", { hasText: /^trams$/ });
    await token.hover();
    assert.ok(await page.locator("#tip").isVisible());
    assert.equal(await page.locator("#tip strong").textContent(), "trams");
    await assertTipOfToken(page, result.response.tokens[at]);
    await page.mouse.move(5, 5);
    assert.ok(await page.locator("#tip").isHidden());
  }));

test("pointing at a part of the prompt tells its role in the set", () =>
  onPage(saved("lisbon"), async (page, result) => {
    await page.locator("[data-map=prompt] mark", { hasText: "Lisbon" }).hover();
    const tip = await page.locator("#tip").textContent();
    assert.match(tip, /hidden by the set\s*yes/);
    const without = result.joint.necessary.find((one) => result.units[one.unit].text.trim() === "Lisbon").drop_without;
    assert.ok(Math.abs((await rows(page))["drop once shown again"] - without) < 0.006 * without);
  }));

const focused = (page) => page.evaluate(() => [document.activeElement.closest("[data-map]")?.dataset.map ?? "", document.activeElement.textContent]);

async function tabTo(page, map) {
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("Tab");
    if ((await focused(page))[0] === map) return;
  }
  assert.fail(`the tabulator key does not lead to the ${map}`);
}

test("the keyboard reaches every token", () =>
  onPage(saved("lisbon"), async (page, result) => {
    await tabTo(page, "prompt");
    assert.deepEqual(await focused(page), ["prompt", "You"]);
    assert.ok(await page.locator("#tip").isVisible());
    await tabTo(page, "response");
    assert.deepEqual(await focused(page), ["response", "Start"]);
    await assertTipOfToken(page, result.response.tokens[0]);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-describedby")), "tip");
    const step = async (key, expected) => {
      await page.keyboard.press(key);
      assert.deepEqual(await focused(page), ["response", expected], key);
    };
    await step("ArrowRight", "at");
    await assertTipOfToken(page, result.response.tokens[1]);
    await step("ArrowLeft", "Start");
    await step("ArrowLeft", "Start");
    await step("End", ".");
    await step("Home", "Start");
    await step("ArrowDown", await page.evaluate(() => {
      const all = [...document.querySelectorAll("[data-map=response] .t")];
      const top = all[0].getBoundingClientRect().bottom;
      return all.find((one) => one.getBoundingClientRect().top > top).textContent;
    }));
    await step("ArrowUp", "Start");
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#tip").isHidden());
    await page.keyboard.press("Shift+Tab");
    assert.equal((await focused(page))[0], "prompt");
  }));

test("arrow keys follow the direction of the writing", () =>
  onPage(save("hebrew", (() => {
    const result = hostileResult(3);
    const text = "שלום עולם טוב";
    const parts = ["שלום", " עולם", " טוב"];
    let at = 0;
    result.units = parts.map((part, index) => ({ index, text: part, start: at, end: (at += Buffer.byteLength(part)), score: 1 }));
    Object.assign(result, { prompt: { text }, selected: [1] });
    delete result.joint;
    return result;
  })()), async (page) => {
    await tabTo(page, "prompt");
    await page.keyboard.press("ArrowLeft");
    assert.deepEqual(await focused(page), ["prompt", "עולם"]);
  }));

/* ---- the matrix ---- */

const part = (page, map, text, nth = 0) => page.locator(`[data-map=matrix-${map}] .t`).filter({ hasText: new RegExp(`^${text}$`) }).nth(nth);
/** The step of each element's colour, below 0 where it is the cold one. */
const heats = (page, map) =>
  page.$$eval(`[data-map=matrix-${map}] .t`, (all) => all.map((one) => Number([...one.classList].map((name) => /^([hn])(\d+)$/.exec(name)).filter(Boolean).map(([, sign, step]) => (sign === "n" ? -step : +step))[0] ?? 0)));
/** What these numbers should be coloured as. */
const ramp = (values) => {
  const max = Math.max(...values.map(Math.abs));
  return values.map((value) => Math.sign(value) * Math.ceil((Math.abs(value) / max) * 10 - 1e-9));
};
const near = (said, wanted) => said.forEach((step, i) => assert.ok(Math.abs(step - wanted[i]) <= 1, `${said} for ${wanted}`));
const pressed = (page) => page.$$eval("#matrix [aria-pressed=true]", (all) => all.map((one) => one.textContent));

test("the matrix: a token of the response lights up its parts of the prompt", () =>
  onPage(saved("oslo"), async (page, { matrix, response, units }) => {
    const all = matrix.rows.map((row) => row.tokens.reduce((sum, one) => sum + one, 0));
    near(await heats(page, "prompt"), ramp(all)); // as it opens, and without a script
    for (const [nth, text] of [[0, "lives"], [0, "Norway"], [1, "in"]]) {
      const at = response.tokens.map((token, i) => [token.text.trim(), i]).filter(([one]) => one === text)[nth][1];
      await part(page, "response", text, nth).click();
      assert.deepEqual(await pressed(page), [text]);
      const values = matrix.rows.map((row) => row.tokens[at]);
      near(await heats(page, "prompt"), ramp(values));
      assert.ok((await heats(page, "response")).every((step) => step === 0));
      const strongest = units[values.indexOf(Math.max(...values))].text;
      assert.match(await page.textContent("#matrix .says"), new RegExp(`^Hidden alone, “${strongest}” `));
    }
    await page.locator("#matrix .pick", { hasText: "It is in Norway." }).click();
    near(await heats(page, "prompt"), ramp(matrix.rows.map((row) => row.sentences[1])));
    await page.locator("#matrix .pick", { hasText: "all of the response" }).click();
    near(await heats(page, "prompt"), ramp(all));
  }));

test("the matrix: a part of the prompt, and a set, show what they carry", () =>
  onPage(saved("oslo"), async (page, { matrix, units }) => {
    const at = units.findIndex((unit) => unit.text === "Norway.");
    await part(page, "prompt", "Norway\\.").click();
    near(await heats(page, "response"), ramp(matrix.rows[at].tokens));
    assert.ok((await heats(page, "prompt")).every((step) => step === 0));
    assert.match(await page.textContent("#matrix .says"), /^With “Norway\.” hidden, the response loses: “in” 1\.51 nats/);
    await part(page, "response", "in", 1).hover();
    assert.match(await page.textContent("#tip"), /loses\s*1\.51 nats/);
    await page.locator("#matrix .pick", { hasText: "the set of “sentence:2”" }).click();
    near(await heats(page, "response"), ramp(matrix.sets[1].tokens));
    const marked = await page.$$eval("[data-map=matrix-prompt] .picked", (all) => all.map((one) => one.textContent));
    assert.deepEqual(marked, matrix.sets[1].units.map((unit) => units[unit].text));
  }));

test("the matrix: by the keyboard, and told to a screen reader", () =>
  onPage(saved("oslo"), async (page) => {
    await tabTo(page, "matrix-response");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    assert.deepEqual(await pressed(page), ["lives"]);
    assert.equal(await page.locator("#matrix .says").getAttribute("role"), "status");
    assert.match(await page.textContent("#matrix .says"), /is taken from “lives”/);
    await tabTo(page, "matrix-prompt");
    await page.keyboard.press("End");
    await page.keyboard.press("Space");
    assert.deepEqual(await pressed(page), ["live?"]);
    const roles = await page.$$eval("#matrix .t", (all) => [...new Set(all.map((one) => one.getAttribute("role")))]);
    assert.deepEqual(roles, ["button"]);
    await page.click("#losses summary");
    assert.equal(await page.locator("#losses tbody tr").count(), 17); // 15 parts and two sets
  }));

test("whether there is another answer is said, and which", () =>
  onPage(saved("oslo"), async (page, { stability }) => {
    assert.match(await page.textContent("#stability .note"), /The answer is not unique: 12 other sets come within 2\s% of the best drop/);
    assert.equal(await page.locator("#stability li").count(), stability.near.sets.length);
  }));

test("differences of the two responses are marked", () =>
  onPage(saved("lisbon"), async (page) => {
    assert.ok((await page.locator("del").allTextContents()).join("|").includes("Carris Museum"));
    assert.ok((await page.locator("ins").allTextContents()).join("|").includes("50 dollars"));
  }));

test("the button changes between light and dark", () =>
  onPage(saved("lisbon"), async (page) => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.click("#theme");
    const dark = await background();
    assert.notEqual(light, dark);
    assert.equal(await page.textContent("#theme"), "Light");
    await page.click("#theme");
    assert.equal(await background(), light);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await background(), light, "a choice outlasts the system's");
  }));

test("without scripts the texts and the tables are all there", () =>
  onPage(saved("lisbon"), async (page, result) => {
    assert.deepEqual(await texts(page, "prompt"), contents(result));
    await page.click("#tokens summary");
    assert.equal(await page.locator("#tokens tbody tr").count(), result.response.tokens.length);
    assert.ok(await page.locator("#theme").isHidden());
  }, { javaScriptEnabled: false }));

test("nothing sticks out on a small screen", async () => {
  for (const name of ["lisbon", "compare", "hostile", "oslo"])
    await onPage(saved(name), async (page) => {
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
    }, { viewport: { width: 320, height: 640 } });
});

test("a comparison lists its methods by their drops", () =>
  onPage(saved("compare"), async (page, result) => {
    const order = [...result.results].sort((a, b) => b.log_prob.drop - a.log_prob.drop).map((one) => one.method);
    assert.deepEqual(await page.locator(".methods tbody th").allTextContents(), order);
    const hidden = result.results.reduce((sum, one) => sum + one.selected.length, 0);
    assert.equal(await page.locator(".matrix .hit").count(), hidden);
    assert.equal(await page.locator("#search path.line").count(), order.length);
    assert.equal(await page.locator("#drops rect").count(), order.length);
  }));

for (const colorScheme of ["light", "dark"])
  for (const name of ["lisbon", "compare", "hostile", "oslo"])
    for (const width of [1200, 400])
      test(`axe-core: ${name}, ${colorScheme}, ${width} wide`, () =>
        onPage(saved(name), async (page) => {
          await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
          await page.evaluate(axeSource);
          const report = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
          assert.deepEqual(report.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html + " " + (n.any[0]?.message ?? "")).join("; ")}`), []);
        }, { colorScheme, viewport: { width, height: 900 } }));

test("pictures are sound XML", async () => {
  const { page, close } = await open(browser, render(saved("lisbon")));
  for (const json of [saved("lisbon"), saved("compare"), saved("hostile"), saved("oslo"), save("tokens", hostileResult(300))]) {
    const source = readFileSync(render(json, "svg"), "utf8");
    const problem = await page.evaluate((xml) => new DOMParser().parseFromString(xml, "image/svg+xml").querySelector("parsererror")?.textContent ?? "", source);
    assert.equal(problem, "");
  }
  await close();
});
