/** The message box: text, commands, mentions, files and the app's global shortcuts. */

import * as api from "./api.js";
import { button, h, iconButton, uid } from "./dom.js";
import { menu } from "./popup.js";
import { suggestions } from "./suggest.js";
import { bot, isExternal, isMember, me, notice, store, titleOf } from "./state.js";
import { tell } from "./surface.js";

const drafts = new Map();

/** `place` returns {channel, thread}; thread is the root's ts in the thread pane. */
export function composer(place, { label }) {
  const files = [];
  let where = null;
  let pending = 0;

  const text = h("textarea", { rows: 1, id: uid("box"), "aria-label": label, autocomplete: "off", data: { fk: label } });
  const hints = suggestions(text, () => ({ thread: Boolean(place().thread) }));
  const attached = h("div", { class: "attached" });
  const upload = h("input", { type: "file", multiple: true, hidden: true, on: { change: attach } });
  const plus = iconButton("add", "Shortcuts and files", () => menu(plus, plusItems(), { label: "Shortcuts and files" }),
    { "aria-haspopup": "menu", "aria-expanded": "false" });
  const send = iconButton("send", "Send", () => void submit(), { class: "icon send" });
  const also = h("input", { type: "checkbox", id: uid("also") });
  const alsoLine = h("label", { class: "also", for: also.id }, also, h("span", {}));
  const waiting = h("div", { class: "waiting", role: "status" });
  const closed = h("div", { class: "closed" });
  const bar = h("div", { class: "composer-bar" }, plus, text, send);
  const node = h("div", { class: "composer" }, waiting, closed, h("div", { class: "composer-box" }, attached, bar), alsoLine, upload);

  function plusItems() {
    const global = store.manifest.shortcuts.filter((shortcut) => shortcut.type === "global");
    return [
      ...(global.length ? [bot()?.real_name ?? "App"] : []),
      ...global.map((shortcut) => ({
        label: shortcut.name, note: shortcut.description, sign: "bolt",
        run: () => tell(() => api.call("shortcut", { user: store.who, callback_id: shortcut.callback_id }), shortcut.name),
      })),
      ...(global.length ? [null] : []),
      { label: "Attach a file", note: "Only its name, type and size are sent", sign: "clip", run: () => upload.click() },
    ];
  }

  function attach() {
    for (const file of upload.files) files.push({ name: file.name, mimetype: file.type || "application/octet-stream", size: file.size });
    upload.value = "";
    drawFiles();
    text.focus();
  }

  function drawFiles() {
    attached.replaceChildren(...files.map((file, place) => h("span", { class: "chip" }, file.name,
      iconButton("close", `Remove ${file.name}`, () => { files.splice(place, 1); drawFiles(); }))));
  }

  async function submit() {
    const typed = text.value.trim();
    if (!typed && !files.length) return;
    const { channel, thread } = place();
    const command = /^\/\S+/.exec(typed)?.[0];
    if (command && !allowed(command, channel, thread)) return;
    const given = { text: typed, files: files.splice(0), broadcast: also.checked };
    hints.close();
    text.value = "";
    also.checked = false;
    drafts.delete(where);
    drawFiles();
    grow();
    busy(1);
    const done = command
      ? await run(command, typed.slice(command.length).trim(), channel)
      : await post(given, channel, thread);
    busy(-1);
    if (!done && !text.value) {
      text.value = typed;
      files.push(...given.files);
      drawFiles();
      grow();
    }
  }

  /** Slack's own refusals, in its sense: they never reach the app. */
  function allowed(command, channel, thread) {
    const at = { channel: channel.id, thread };
    const known = store.manifest.commands.some((one) => one.command === command);
    if (thread) {
      notice(`${command} does not work in threads: Slack runs slash commands only in the channel's own message box. `
        + `In a thread, mention @${bot()?.real_name ?? "the app"} with the same words.`, at);
    } else if (!known) notice(`${command} is not a valid command. Type / to see what there is.`, at);
    else if (isExternal(me())) notice("People from other organisations cannot use this workspace's slash commands.", at);
    else return true;
    return false;
  }

  async function run(command, words, channel) {
    try {
      const answer = await api.call("command", { user: store.who, channel: address(channel), command, text: words });
      const trouble = api.trouble(answer.ack, command);
      if (trouble) notice(trouble, { channel: channel.id, thread: null });
      return true;
    } catch (error) {
      return refused(error, channel, null);
    }
  }

  async function post(given, channel, thread) {
    const body = { user: store.who, channel: address(channel), text: given.text };
    if (given.files.length) body.files = given.files;
    if (thread) body.thread_ts = thread;
    if (thread && given.broadcast) body.broadcast = true;
    try {
      const answer = await api.call("message", body);
      const trouble = api.trouble(answer.ack);
      if (trouble) notice(`Posted. ${trouble} Slack sends such an event again, up to three times.`, { channel: channel.id, thread });
      return true;
    } catch (error) {
      return refused(error, channel, thread);
    }
  }

  function refused(error, channel, thread) {
    if (!(error instanceof api.Refused)) throw error;
    notice(`Not sent: ${error.message}.`, { channel: channel.id, thread });
    return false;
  }

  function busy(step) {
    pending += step;
    waiting.textContent = pending > 0 ? "Waiting for the app…" : "";
    waiting.classList.toggle("on", pending > 0);
  }

  function grow() {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight, 220)}px`;
  }

  text.addEventListener("input", () => { drafts.set(where, text.value); grow(); });
  text.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void submit();
  });

  /** Follow where the person is: each place has its own draft. */
  function update() {
    const { channel, thread } = place();
    if (!channel) return;
    const next = `${store.who} ${channel.id} ${thread ?? ""}`;
    if (next !== where) {
      where = next;
      text.value = drafts.get(where) ?? "";
      grow();
    }
    const name = channel.is_im ? titleOf(channel) : `#${channel.name}`;
    text.placeholder = thread ? "Reply…" : channel.is_im ? `Message ${name}` : `Message ${name}, or / for commands`;
    alsoLine.hidden = !thread || channel.is_im;
    alsoLine.querySelector("span").textContent = `Also send to ${name}`;
    const why = closedFor(channel);
    closed.replaceChildren(...[why?.words, why?.button].filter(Boolean));
    closed.hidden = !why;
    bar.parentElement.hidden = Boolean(why);
    if (why) alsoLine.hidden = true;
  }

  return { node, text, update, close: hints.close };
}

const address = (channel) => (channel.is_im ? "dm" : channel.id);

/** Why this person cannot write here, and what could be done. */
function closedFor(channel) {
  const user = me();
  if (user?.deleted) return { words: `${user.real_name} is deactivated and can no longer sign in. Choose somebody else to write.` };
  if (channel.is_archived) return { words: "This channel is archived: it can be read, not written to." };
  if (channel.is_im && store.manifest.messages_tab === false) return { words: "This app does not take messages: its messages tab is switched off." };
  if (channel.is_im || isMember(channel)) return null;
  return {
    words: `You are looking at #${channel.name}, and are not a member. `,
    button: button("Join channel", () => tell(() => api.call("member", { user: store.who, channel: channel.id, join: true })), { class: "btn primary" }),
  };
}
