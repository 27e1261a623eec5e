/** The mails that the app sent: the workspace's, whoever one is. */

import { byId, h, reconcile } from "./dom.js";
import { store } from "./state.js";
import { clock, day } from "./times.js";

const list = h("div", { class: "mail-list", role: "list", "aria-label": "Mails" });
const page = h("div", { class: "home mails", tabindex: "-1" },
  h("p", { class: "home-note" }, "Mails that the app sent. Nothing leaves this machine."), list);

export function drawMails() {
  if (store.where !== "mails") return;
  const stage = byId("stage");
  if (page.parentElement !== stage) stage.replaceChildren(page);
  const items = [...store.mails].reverse().map((mail) => ({ key: mail.id, print: mail.id, make: () => shown(mail) }));
  if (!items.length) items.push({ key: "none", print: "", make: () => h("p", { class: "quiet" }, "No mail was sent yet.") });
  reconcile(list, items);
  store.mailsRead = store.mails.length;
}

export const unreadMails = () => Math.max(0, store.mails.length - (store.mailsRead ?? 0));

function shown(mail) {
  const at = new Date(mail.at * 1000);
  return h("article", { class: "mail", role: "listitem", tabindex: "0", "aria-label": `${mail.subject}, to ${mail.to.join(", ")}` },
    h("header", {}, h("h2", {}, mail.subject || "(no subject)"), h("time", { class: "quiet" }, `${day(at)} ${clock(at)}`)),
    h("p", { class: "quiet" }, `To ${mail.to.join(", ")} · from ${mail.from}`),
    h("pre", {}, mail.text));
}
