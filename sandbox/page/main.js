/** Starts the page and keeps it in step with the workspace. */

import * as api from "./api.js";
import { drawConversation, drawHeader, focusComposer, startConversation } from "./conversation.js";
import { byId, debounce, h, iconButton } from "./dom.js";
import { drawHome } from "./home.js";
import { startInspector, toggleInspector, updateInspector } from "./inspector.js";
import { drawMails } from "./mails.js";
import { drawModal, startModal } from "./modal.js";
import { drawSidebar } from "./sidebar.js";
import { changed, current, isPage, me, readHash, refresh, store, titleOf, unread, visible, watch } from "./state.js";

let isPressed = false;
let isOwed = false;

const narrow = window.matchMedia("(max-width: 760px)");

function toggleSidebar(open) {
  const show = open ?? !byId("app").classList.contains("with-sidebar");
  byId("app").classList.toggle("with-sidebar", show);
  byId("scrim").hidden = !show;
  byId("sidebar").inert = narrow.matches && !show;
  if (show) document.querySelector(".switcher")?.focus();
}

function draw() {
  if (!store.ready || !me()) return;
  isOwed = isPressed;
  if (isOwed) return;
  drawSidebar(() => { if (narrow.matches) toggleSidebar(false); });
  drawHeader({ sidebar: () => toggleSidebar(), inspector: toggleInspector });
  drawHome();
  drawMails();
  drawConversation();
  drawModal();
  banner();
  const fresh = visible().reduce((sum, channel) => sum + (channel.id === store.where ? 0 : unread(channel).count), 0);
  document.title = `${fresh ? `(${fresh}) ` : ""}${store.where === "home" ? "Home" : store.where === "mails" ? "Mails" : titleOf(current())} – Local workspace`;
}

function banner() {
  const words = store.online ? "" : "The local workspace does not answer. Trying again…";
  if (byId("banner").textContent !== words) byId("banner").textContent = words;
  byId("banner").hidden = !words;
}

function hints() {
  const words = store.manifest.hints;
  if (!Array.isArray(words) || !words.length || sessionStorage.getItem("hints") === "off") return;
  const hide = () => { sessionStorage.setItem("hints", "off"); byId("hints").replaceChildren(); focusComposer(); };
  byId("hints").replaceChildren(h("aside", { class: "hints", "aria-label": "What to try" },
    h("strong", {}, "What to try"), h("ul", {}, words.map((each) => h("li", {}, String(each)))),
    iconButton("close", "Dismiss", hide)));
}

/** What is drawn anew between the press and the release of a button loses the click: drawing waits for the release. */
function drawAfterPresses() {
  const released = () => setTimeout(() => { isPressed = false; if (isOwed) draw(); });
  document.addEventListener("pointerdown", (event) => { isPressed = event.button === 0; }, true);
  document.addEventListener("click", () => { isPressed = false; }, true);
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, released, true);
  window.addEventListener("blur", released);
}

async function start() {
  startConversation();
  startModal();
  startInspector();
  watch(draw);
  drawAfterPresses();
  byId("scrim").addEventListener("click", () => toggleSidebar(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || byId("scrim").hidden) return;
    toggleSidebar(false);
    document.querySelector(".burger")?.focus();
  });
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); focusComposer(); });
  narrow.addEventListener("change", () => toggleSidebar(false));
  window.addEventListener("popstate", () => { readHash(); changed(); });
  toggleSidebar(false);
  const soon = debounce(() => void refresh(), 25);
  api.stream({
    changed: () => { soon(); updateInspector(); },
    online: (yes) => { if (yes !== store.online || yes) { store.online = yes; if (yes) soon(); else banner(); } },
  });
  store.manifest = { commands: [], shortcuts: [], ...(await api.manifest().catch(() => ({}))) };
  await refresh();
  if (!me()) readHash();
  changed();
  hints();
  if (!narrow.matches && !isPage()) focusComposer();
}

void start();
