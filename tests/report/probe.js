// Operates the page as a reader would, and stores what it observed in an element for the test.
const byId = (id) => document.getElementById(id);
const cells = () => [...document.querySelectorAll("#lanes button")];
const look = () => ({
  set: byId("lanes").dataset.set,
  turns: cells().map((cell) => Number(cell.dataset.emotion)),
  hidden: document.querySelectorAll("#lanes .has.off").length,
  status: byId("timeline-status").textContent,
});
const flip = (name) => document.querySelector(`#switches input[value=${name}]`).click();
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const edges = () => document.querySelectorAll("#graph-picture path").length;
const background = (scheme) => {
  document.querySelector(`#theme [data-scheme=${scheme}]`).click();
  return getComputedStyle(document.body).backgroundColor;
};

const observed = { first: look() };
flip("audio");
observed.text = look();
observed.hiding = byId("turn").textContent;
flip("text");
observed.nothing = look();
flip("audio");
flip("text");
observed.again = look();

document.querySelector("#lanes button[tabindex='0']").focus();
press("Home");
press("ArrowRight");
observed.focused = document.activeElement.getAttribute("aria-label");
observed.detail = byId("turn").textContent;
if (byId("every-turn")) {
  observed.incoming = edges();
  byId("every-turn").click();
  observed.edges = edges();
}

if (byId("scores")) {
  observed.charts = [byId("by-set").textContent];
  byId("metric").value = byId("metric").options.length - 1;
  byId("metric").dispatchEvent(new Event("change"));
  observed.charts.push(byId("by-set").textContent);
  observed.published = byId("published").hidden ? null : byId("published").textContent;
}

observed.turns = [...document.querySelectorAll("#turns [data-turn]")].map((row) => row.textContent);
observed.legend = byId("legend").textContent;
observed.gold = document.querySelectorAll("#lanes .gold").length;
if (observed.turns.length) {
  document.querySelectorAll("#turns [data-turn]")[2].click();
  observed.chosen = byId("turn").textContent;
  observed.marked = document.querySelectorAll("#turns .chosen").length;
}

observed.light = background("light");
observed.dark = background("dark");
observed.wide = document.documentElement.scrollWidth;
observed.sections = [...document.querySelectorAll("main section")].map((section) => section.id);
document.body.append(Object.assign(document.createElement("pre"), { id: "probe", textContent: JSON.stringify(observed) }));
