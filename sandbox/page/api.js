/** The control API of the local workspace: everything that the page reads and does. */

async function read(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

export const state = () => read("/control/state");
export const manifest = () => read("/control/manifest");

export async function log(after) {
  const answer = await read(`/control/log?after=${after}`);
  return Array.isArray(answer) ? answer : answer.entries ?? answer.log ?? [];
}

/** A call that the workspace refuses throws its reason; what the app made of it is in `ack`. */
export async function call(name, body) {
  let response;
  try {
    response = await fetch(`/control/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused("The local workspace does not answer. Is its server still running?");
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new Refused(`The local workspace answered ${response.status} to ${name}.`);
  }
  if (!answer.ok) throw new Refused(answer.error ?? `refused (${response.status})`, answer);
  return answer;
}

/** What the workspace itself does not allow, before the app hears of it. */
export class Refused extends Error {
  constructor(words, answer = {}) {
    super(words);
    this.errors = answer.errors;
  }
}

/** Server-sent events; the browser connects again by itself. */
export function stream({ changed, online }) {
  const source = new EventSource("/control/stream");
  source.addEventListener("open", () => online(true));
  source.addEventListener("error", () => online(false));
  source.addEventListener("change", changed);
  return source;
}

/** What Slack would tell the person, in a sentence; null when the app answered. */
export function trouble(ack, what = "The app") {
  if (!ack) return null;
  switch (ack.status) {
    case "timeout":
      return `${what} did not answer within 3 seconds (operation_timeout). It may still be working on it.`;
    case "no_connection":
      return `${what} did not answer: nobody is connected. Start the app, then try again.`;
    case "error":
      return `We had some trouble connecting: ${ack.error || "the app answered something that cannot be used"}.`;
    default:
      return null;
  }
}
