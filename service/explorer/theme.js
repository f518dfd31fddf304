// Before the first paint: the colours that were chosen last time, so that the page never flashes.
const THEMES = ["automatic", "light", "dark"];

function showTheme(theme) {
  if (theme === "automatic") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function keptTheme() {
  try {
    const theme = localStorage.getItem("digits-theme");
    return THEMES.includes(theme) ? theme : "automatic";
  } catch {
    return "automatic"; // storage may be forbidden
  }
}

showTheme(keptTheme());
document.documentElement.classList.toggle("embedded", /[?&]embed=true(&|$)/.test(location.hash)); // see frame.css

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("themechange")));

addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  let theme = keptTheme();
  const tell = () => {
    button.setAttribute("aria-label", `Colours of the page: ${theme}`);
    button.title = `Colours of the page: ${theme}`;
  };
  tell();
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    showTheme(theme);
    try {
      localStorage.setItem("digits-theme", theme);
    } catch {
      // then it lasts as long as the page
    }
    tell();
    dispatchEvent(new Event("themechange"));
  });
});
