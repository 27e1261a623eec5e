/** Block Kit blocks. A type that is not known is shown as a box that says so, so that nothing is lost silently. */

import { h, reconcile, uid } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { element } from "./elements.js";
import { icon } from "./icons.js";
import { link, mrkdwn, plainText, textOf } from "./mrkdwn.js";
import { richText } from "./richtext.js";
import { store } from "./state.js";

/** Draw blocks into `box`; those that did not change keep their nodes. `how` is for modals: errors, submit, touched. */
export function drawBlocks(box, blocks, surface, how = {}) {
  const seen = new Map();
  const items = blocks.map((block, place) => {
    const key = block.block_id ?? `at ${place}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return {
      key: `${key} ${seen.get(key)}`,
      print: JSON.stringify([block, store.people, surface.id]),
      make: () => drawBlock(block, surface, how),
    };
  });
  reconcile(box, items);
  for (const field of box.querySelectorAll(".labelled")) {
    field.showError(how.errors?.[field.closest("[data-block]").dataset.block] ?? "");
  }
}

export function drawBlock(block, surface, how = {}) {
  const draw = BLOCKS[block.type] ?? unsupported;
  return h("div", { class: `block is-${block.type}`, data: { block: block.block_id } }, draw(block, surface, how));
}

const BLOCKS = {
  section,
  header: (block) => h("h3", { class: "block-header" }, plainText(block.text)),
  divider: () => h("hr"),
  context,
  image: (block) => h("figure", {},
    block.title ? h("figcaption", {}, plainText(block.title)) : null, picture(block, "block-image")),
  actions: (block, surface, how) => h("div", { class: "actions" },
    block.elements.map((each) => placed(each, block, surface, { ...how, dispatch: true }))),
  input,
  rich_text: richText,
  markdown: (block) => h("div", { class: "mrkdwn" }, mrkdwn(block.text.replace(/\*\*(.+?)\*\*/g, "*$1*"))),
  alert: (block) => h("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, textOf(block.text)),
  table,
  data_table: table,
};

function unsupported(block) {
  return h("div", { class: "unsupported" }, `unsupported block: ${block.type}`);
}

function section(block, surface, how) {
  const label = (block.text?.text ?? "").replace(/[*_~`]/g, "").slice(0, 60) || undefined;
  const words = [
    block.text ? textOf(block.text) : null,
    block.fields ? h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "fieldcell" }, textOf(field)))) : null,
  ];
  if (!block.accessory) return words;
  const accessory = block.accessory.type === "image"
    ? picture(block.accessory, "accessory-image")
    : placed(block.accessory, block, surface, { ...how, dispatch: true, label: accessoryLabel(block.accessory, label) });
  return h("div", { class: "with-accessory" }, h("div", { class: "section-words" }, words),
    h("div", { class: "accessory" }, accessory));
}

/** A button says what it is; a select or a menu needs the words beside it. */
function accessoryLabel(accessory, label) {
  return ["button", "workflow_button", "overflow"].includes(accessory.type) ? undefined : label;
}

function context(block) {
  return h("div", { class: "context-line" }, block.elements.map((each) =>
    each.type === "image" ? picture(each, "context-image") : textOf(each)));
}

function placed(each, block, surface, how) {
  const drawn = element(each, block, surface, how);
  return drawn ? drawn.node : h("div", { class: "unsupported" }, `unsupported element: ${each.type}`);
}

/** A field with its label, hint and error. */
function input(block, surface, how) {
  const label = plainText(block.label);
  const hint = block.hint ? h("p", { class: "hint", id: uid("hint") }, plainText(block.hint)) : null;
  const error = h("p", { class: "field-error", id: uid("error"), hidden: true });
  const drawn = element(block.element, block, surface, {
    ...how, label, describedby: `${error.id} ${hint?.id ?? ""}`.trim(), dispatch: Boolean(block.dispatch_action),
    touched: () => how.touched?.(block),
  });
  if (!drawn) return [h("strong", {}, label), h("div", { class: "unsupported" }, `unsupported element: ${block.element.type}`)];
  if (!block.optional) drawn.control.setAttribute("aria-required", "true");
  drawn.control.id ||= uid("field");
  const grouped = ["checkboxes", "radio_buttons"].includes(block.element.type);
  const words = [label, block.optional ? h("span", { class: "optional" }, " (optional)") : null];
  const node = h("div", { class: "labelled" },
    grouped ? h("div", { class: "label" }, words) : h("label", { class: "label", for: drawn.control.id }, words),
    drawn.node, error, hint);
  node.showError = (wrong) => {
    error.hidden = !wrong;
    error.textContent = withEmoji(wrong);
    node.classList.toggle("wrong", Boolean(wrong));
    drawn.control.setAttribute("aria-invalid", String(Boolean(wrong)));
  };
  return node;
}

/** Pictures of this workspace are shown; others would leave this machine, so only their words are. */
function picture(image, cls) {
  const url = image.image_url ?? image.slack_file?.url ??
    store.files.find((file) => file.id === image.slack_file?.id)?.url_private ?? "";
  if (isLocal(url)) return h("img", { class: cls, src: url, alt: image.alt_text, loading: "lazy" });
  const words = [icon("away"), " ", h("span", {}, image.alt_text || "image")];
  return h("span", { class: `${cls} away`, title: `Not loaded: ${url}` },
    cls === "block-image" && url ? [words, " ", link(url, "(open)")] : words);
}

export function isLocal(url) {
  try {
    const { protocol, hostname } = new URL(url, location.href);
    return protocol === "data:" || [location.hostname, "127.0.0.1", "localhost"].includes(hostname);
  } catch {
    return false;
  }
}

function table(block) {
  const cell = (each) => (each.type === "rich_text" ? richText(each) : each.text ?? "");
  const [head, ...rest] = block.rows;
  return h("div", { class: "table-wrap" }, h("table", {},
    block.caption ? h("caption", {}, block.caption) : null,
    h("thead", {}, h("tr", {}, head.map((each) => h("th", { scope: "col" }, cell(each))))),
    h("tbody", {}, rest.map((row) => h("tr", {}, row.map((each) => h("td", {}, cell(each))))))));
}
