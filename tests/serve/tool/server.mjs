// A server for the page's tests and its picture.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const children = new Set();
/** Ends what a test that failed has left. */
export const endAll = () => children.forEach((child) => child.kill("SIGKILL"));

export async function serve(...options) {
  const child = spawn(process.env.JOPA, ["serve", "-m", process.env.JOPA_MODEL, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  const [link] = await once(createInterface({ input: child.stdout }), "line");
  return {
    link,
    port: new URL(link).port,
    end: async (signal = "SIGTERM") => {
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      return child.exitCode;
    },
  };
}

/** A page of the server; `problems` collects what it must not do. */
export async function visit(browser, link, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1120, height: 900 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const problems = [], { origin } = new URL(link);
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => /Content Security Policy/.test(message.text()) && problems.push(message.text()));
  page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => /^(data|blob):/.test(request.url()) || new URL(request.url()).origin === origin || problems.push(`request: ${request.url()}`));
  await page.goto(link);
  await page.waitForSelector("[data-ready]");
  return { page, problems, close: () => context.close() };
}

export async function write(page, prompt, options = {}) {
  if ((await page.inputValue("#prompt")) !== prompt) await page.fill("#prompt", prompt);
  await page.$eval("#more", (one) => (one.open = true));
  for (const [name, value] of Object.entries(options)) {
    const field = page.locator(`[data-option=${name}]`);
    if (await field.evaluate((one) => one.localName === "select")) await field.selectOption(value);
    else await field.fill(value);
  }
  await page.$eval("#more", (one) => (one.open = false));
}

/** Drags from one token of the answer to another. */
export async function drag(page, first, last) {
  const tokens = page.locator("[data-map=response] .t");
  await tokens.nth(first).scrollIntoViewIfNeeded();
  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
  await page.mouse.move(...middle(await tokens.nth(first).boundingBox()));
  await page.mouse.down();
  await page.mouse.move(...middle(await tokens.nth(last).boundingBox()), { steps: 4 });
  await page.mouse.up();
}
