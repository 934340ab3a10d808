// Talking to the server.
const headers = { "Content-Type": "application/json" };

/** An answer that is no success: what the server said, and the status of HTTP. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options) {
  const answer = await fetch(path, options); // throws where the server is not there
  if (answer.ok) return answer;
  let message = `the server answered ${answer.status}`;
  try {
    message = (await answer.json()).error.message;
  } catch { /* no JSON: the status says it */ }
  throw new Refusal(message, answer.status);
}

const json = async (path, options) => (await ask(path, options)).json();
const post = (body) => ({ method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });

export const health = () => json("/healthz");
export const openapi = () => json("/openapi.json");
export const begin = (command, body) => json(`/v1/${command}?wait=false`, post(body));
export const run = (id) => json(`/v1/runs/${id}`);
export const forget = (id) => json(`/v1/runs/${id}`, { method: "DELETE" });
export const keep = (text) => json("/v1/runs", post(text));
export const reportPath = (id, format) => `/v1/runs/${id}/report?format=${format}`;
export const report = async (id) => (await ask(reportPath(id, "html"))).text();

/** Hears how a run goes: tell(progress or status) until it ends. Resolves once it has; fails where the server is gone. */
export function listen(id, tell) {
  return new Promise((done, fail) => {
    const source = new EventSource(`/v1/runs/${id}/events`);
    const end = (settle, value) => {
      source.close();
      settle(value);
    };
    source.addEventListener("progress", (event) => tell(JSON.parse(event.data)));
    source.addEventListener("result", () => end(done));
    source.addEventListener("error", (event) => {
      if (!event.data) return end(fail, new TypeError("the connection broke"));
      const { message, code } = JSON.parse(event.data).error;
      end(fail, new Refusal(message, code));
    });
  });
}
