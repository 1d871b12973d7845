// Buttons that choose the colour scheme.

function schemes() {
  const buttons = [...byId("theme").querySelectorAll("button")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      document.documentElement.style.colorScheme = button.dataset.scheme;
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    });
  }
}
