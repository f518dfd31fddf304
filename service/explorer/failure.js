// What went wrong, in words, with the one thing that helps; and which failures pass by themselves.

import { make } from "./make.js";

const FIRST = 3_000; // milliseconds
const LONGEST = 60_000;
const PASSING = [429, 502, 503, 504];

/** Whether the service could not be reached at all. */
export const isLost = (error) => error instanceof TypeError;

/**
 * Milliseconds to wait before asking for the `attempt`-th time again, from 0; null if asking again would fail again:
 * a refused parameter (422) and other data (409) stay what they are.
 */
export function retryDelay(error, attempt) {
  if (!isLost(error) && !PASSING.includes(error.status)) return null;
  return Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 10));
}

/** What helps against a failure: "again", "reload" (the data of the service changed), or "reset" (what was asked). */
export function remedyOf(error) {
  if (error.status === 409) return "reload";
  return error.status >= 400 && error.status < 500 && !PASSING.includes(error.status) ? "reset" : "again";
}

const LOST =
  "It may be starting again, or the connection is gone. Nothing is lost: the address of this page holds what you were looking at.";

/** An error and its remedy; `again` asks once more. */
export function failure(error, again) {
  return make(
    "div",
    { class: "failure", role: "alert" },
    make("h2", {}, isLost(error) ? "The service does not answer" : error.title || "Something went wrong"),
    make("p", {}, isLost(error) ? LOST : error.message),
    REMEDIES[remedyOf(error)](again),
  );
}

const press = (text, onclick) => make("button", { type: "button", class: "button", onclick }, text);

const REMEDIES = {
  again: (again) => press("Try again", again),
  reload: () => press("Reload the page", () => location.reload()),
  reset: () => make("a", { class: "button", href: "#/samples" }, "Show all samples"),
};

/** Say what the address asked for in vain, until it is dismissed. */
export function warn(faults) {
  const place = document.getElementById("warning");
  const dismiss = () => place.replaceChildren();
  place.replaceChildren(
    make("p", {}, faults.join(" ")),
    make("button", { type: "button", class: "plain icon", "aria-label": "Dismiss", onclick: dismiss }, "✕"),
  );
}
