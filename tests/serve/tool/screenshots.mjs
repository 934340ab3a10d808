// screenshots.mjs FOLDER: the picture of the server's page that the README shows, light and dark, on the default model
// (JOPA_MODEL). Run by scripts/screenshots.sh.
import path from "node:path";
import { launch } from "../../browser/browser.mjs";
import { serve, visit, write } from "./server.mjs";

const PROMPT = "I moved to Berlin to learn the language of Germany. Which language is it?";
const browser = await launch();

async function shoot(colorScheme) {
  const server = await serve("--port", "0"); // of its own: what one was asked before costs it nothing
  const { page, problems, close } = await visit(browser, server.link, { colorScheme, viewport: { width: 1000, height: 1080 } });
  await page.fill("#answer", "German");
  await write(page, PROMPT, { unit: "word", k: "2", max_tokens: "12" });
  await page.click("#run");
  await page.waitForSelector("#shown .tiles", { timeout: 60000 });
  await page.evaluate(() => scrollTo(0, 0));
  await page.mouse.move(0, 0);
  await page.screenshot({ path: path.join(process.argv[2], `serve-${colorScheme}.png`) });
  await close();
  await server.end();
  if (problems.length) throw new Error(problems.join("\n"));
}

for (const scheme of ["light", "dark"]) await shoot(scheme);
await browser.close();
