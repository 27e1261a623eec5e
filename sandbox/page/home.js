/** The app's Home tab, drawn for whoever is looking. */

import * as api from "./api.js";
import { byId, forget, h } from "./dom.js";
import { drawBlocks } from "./blocks.js";
import { changed, fullName, person, store, bot } from "./state.js";
import { viewSurface } from "./surface.js";

const body = h("div", { class: "home-body blocks" });
const note = h("div", { class: "home-note", role: "status" });
const page = h("div", { class: "home", tabindex: "-1", "aria-label": "App Home" }, note, body);
let openedBy = "";
let words = "";

export function drawHome() {
  if (store.where !== "home") { openedBy = ""; return; }
  const stage = byId("stage");
  if (page.parentElement !== stage) stage.replaceChildren(page);
  if (openedBy !== store.who) {
    openedBy = store.who;
    forget(body);
    void open(store.who);
  }
  const view = store.homes[store.who];
  drawBlocks(body, view?.blocks ?? [], view ? viewSurface(view) : null);
  note.textContent = words || (view ? "" : `${fullName(bot())} has not published a Home tab for you yet.`);
  note.hidden = !note.textContent;
}

async function open(user) {
  if (person(user).deleted) { words = `${fullName(person(user))} is deactivated and can no longer sign in.`; return; }
  words = "Opening…";
  try {
    const answer = await api.call("home", { user });
    words = api.trouble(answer.ack) ?? "";
    if (answer.view) store.homes[user] = answer.view;
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    words = `No Home tab here: ${error.message}.`;
  }
  changed();
}
