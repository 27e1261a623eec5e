/** The page's own signs, drawn, so that they do not depend on which fonts are installed. */

const PATHS = {
  add: "M10 4v12M4 10h12",
  archive: "M3 4h14v4H3zM4.5 8v8.5h11V8M8 11h4",
  away: "M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 4M13 7.5h.01",
  bolt: "M11 2 4 11.5h5L8.5 18 16 8.500h-5z",
  check: "M4 10.5 8 14.5 16 5.5",
  clip: "M15.5 9.5 9.7 15.300a3.5 3.5 0 0 1-5-5l6.3-6.300a2.3 2.3 0 0 1 3.3 3.300l-6 6a1.1 1.1 0 0 1-1.6-1.600l5.3-5.3",
  close: "M5 5l10 10M15 5 5 15",
  down: "M5.5 8 10 12.5 14.5 8",
  dm: "M10 3a7 6.2 0 1 1-3.6 11.500L3 16l1-3.600A6.2 6.2 0 0 1 10 3z",
  edit: "M4 16l.8-3.500L13 4.300l2.7 2.7-8.2 8.200z",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  file: "M5 2.500h6.500L15 6v11.500H5zM11.5 2.500V6H15M7.5 10h5M7.5 13h5",
  hash: "M8 3 6.5 17M13.5 3 12 17M3.5 7.500h13.500M3 12.500h13.5",
  home: "M3 9.5 10 3.500l7 6M5 8.500V16.500h10V8.500M8.5 16.500v-5h3v5",
  inspect: "M2.5 10h3l2-5.5 4 11 2.5-7 1 1.500h2.5",
  lock: "M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9",
  mail: "M3 5h14v10.5H3zM3 5.5l7 6 7-6",
  menu: "M3 5.500h14M3 10h14M3 14.500h14",
  more: "M10 4.500h.01M10 10h.01M10 15.500h.01",
  options: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  reply: "M10 3a7 6.2 0 1 1-3.6 11.500L3 16l1-3.600A6.2 6.2 0 0 1 10 3zM7 8h6M7 11h4",
  send: "M3 3.5 17.5 10 3 16.5 5.5 10zM5.5 10h6",
  share: "M3 7h12l-3-3M17 13H5l3 3",
  smile: "M10 2.800a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.400zM7.3 8h.01M12.7 8h.01M6.8 11.700c1.5 2.4 4.9 2.4 6.4 0",
  trash: "M4 6h12M8 6V3.500h4V6M5.5 6l.8 11h7.400l.8-11M8.5 9v5M11.5 9v5",
  warn: "M10 4.500v6.500M10 14.800h.01",
};

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", "aria-hidden": "true", class: `sign-svg sign-${name}` })) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", PATHS[name] ?? "");
  svg.append(path);
  return svg;
}
