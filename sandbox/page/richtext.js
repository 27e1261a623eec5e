/** rich_text blocks: sections, lists, quotes and preformatted text. */

import { h } from "./dom.js";
import { channelLink, emojiNode, link, mention } from "./mrkdwn.js";
import { dated } from "./times.js";

export function richText(block) {
  return h("div", { class: "mrkdwn" }, (block.elements ?? []).map(part));
}

function part(element) {
  const inside = () => (element.elements ?? []).map(leaf);
  switch (element.type) {
    case "rich_text_section":
      return h("div", { class: "line" }, inside());
    case "rich_text_quote":
      return h("blockquote", {}, inside());
    case "rich_text_preformatted":
      return h("pre", {}, inside());
    case "rich_text_list": {
      const items = (element.elements ?? []).map((item) => h("li", {}, (item.elements ?? []).map(leaf)));
      const props = { class: `level-${Math.min(2, element.indent ?? 0)}`, start: (element.offset ?? 0) + 1 };
      return h(element.style === "ordered" ? "ol" : "ul", props, items);
    }
    default:
      return h("span", { class: "unsupported" }, `unsupported: ${element.type}`);
  }
}

function leaf(element) {
  switch (element.type) {
    case "text":
      return styled(element.style, element.text);
    case "link":
      return styled(element.style, link(element.url, element.text ?? element.url));
    case "user":
      return mention(element.user_id);
    case "channel":
      return channelLink(element.channel_id);
    case "emoji":
      return emojiNode(element.name);
    case "broadcast":
      return h("span", { class: "mention loud" }, `@${element.range}`);
    case "usergroup":
      return h("span", { class: "mention" }, "@group");
    case "date":
      return dated(element.timestamp, element.format) ?? element.fallback ?? "";
    case "color":
      return h("code", {}, element.value);
    default:
      return h("span", { class: "unsupported" }, `unsupported: ${element.type}`);
  }
}

function styled(style = {}, content) {
  let node = content;
  if (style.code) node = h("code", {}, node);
  if (style.bold) node = h("strong", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.strike) node = h("s", {}, node);
  return node;
}
