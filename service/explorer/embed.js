// A view for pages of other people: the element that shows it in a frame, and who may do that.

import { copyButton, make } from "./make.js";

const SIZE = { width: 800, height: 600 }; // CSS pixels

/** The element that shows an address in a frame, as HTML. */
export function frameElement(url, name) {
  const escape = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe src="${escape(url)}"
  width="${SIZE.width}" height="${SIZE.height}" title="${escape(name)}"
  loading="lazy" allow="clipboard-write"></iframe>`;
}

/**
 * The sources whose pages a Content-Security-Policy lets show the page in a frame (CSP Level 3, section 6.4.2): none,
 * some, or null for any.
 */
export function ancestorsOf(policy) {
  const directives = (policy ?? "").split(";").map((text) => text.trim().split(/\s+/));
  const [, ...sources] = directives.find(([name]) => name.toLowerCase() === "frame-ancestors") ?? [, "*"];
  if (sources.includes("*")) return null;
  return sources.filter((source) => source !== "'none'").map((source) => source.replaceAll("'", ""));
}

const SETTING = "DIGITS_FRAME_ANCESTORS";

/** Who may show the page in a frame, in words. */
export function permissionOf(sources) {
  if (sources === null) return "Pages of any origin may show it in a frame.";
  if (sources.length === 0) {
    return `This service lets no page show it in a frame. Who runs it can allow yours: its origin belongs into the setting ${SETTING}.`;
  }
  const names = sources.map((source) => (source === "self" ? "this service" : source));
  return `Pages of ${new Intl.ListFormat("en-GB").format(names)} may show it in a frame; the setting ${SETTING} of the service names them.`;
}

export class Embedding {
  constructor() {
    this.text = make("pre", { tabIndex: 0, role: "region", "aria-label": "Code of the frame" });
    this.hint = make("p", { class: "hint" });
    const copy = copyButton(() => this.text.textContent, "iframe");
    copy.textContent = "Copy iframe";
    const head = make("div", { class: "embed-head" }, make("span", {}, "This view alone, in a page of yours"), copy);
    this.element = make("div", {}, make("div", { class: "embed-code" }, head, this.text), this.hint);
  }

  /** Show the element for an address, of a view that is called so. */
  show(url, name) {
    this.text.textContent = frameElement(url, name);
    this.asked ??= this.#ask();
  }

  /** Read from the page's own headers who may show it. */
  async #ask() {
    try {
      const answer = await fetch(document.baseURI.split("#")[0], { method: "HEAD" });
      this.hint.textContent = permissionOf(ancestorsOf(answer.headers.get("Content-Security-Policy")));
    } catch {
      this.asked = null; // asked again when the panel is shown again
      this.hint.textContent = `The setting ${SETTING} of the service names the pages that may show it in a frame.`;
    }
  }
}
