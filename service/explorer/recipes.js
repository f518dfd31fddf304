// The page of the mirrors: a button beside each code and each address that copies it.

import { copyButton } from "./make.js";

for (const head of document.querySelectorAll("[data-copy]")) {
  const code = head.parentElement.querySelector("code");
  head.append(copyButton(code.textContent, head.dataset.copy));
}
