// Uses the page as a reader would, and leaves what it saw in an element for the test.
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

const said = { first: look() };
flip("audio");
said.text = look();
said.hiding = byId("turn").textContent;
flip("text");
said.nothing = look();
flip("audio");
flip("text");
said.again = look();

document.querySelector("#lanes button[tabindex='0']").focus();
press("Home");
press("ArrowRight");
said.focused = document.activeElement.getAttribute("aria-label");
said.detail = byId("turn").textContent;
if (byId("every-turn")) {
  said.hears = edges();
  byId("every-turn").click();
  said.edges = edges();
}

said.charts = [byId("by-set").textContent];
byId("metric").value = byId("metric").options.length - 1;
byId("metric").dispatchEvent(new Event("change"));
said.charts.push(byId("by-set").textContent);

said.published = byId("published").hidden ? null : byId("published").textContent;

said.light = background("light");
said.dark = background("dark");
said.wide = document.documentElement.scrollWidth;
said.sections = [...document.querySelectorAll("main section")].map((section) => section.id);
document.body.append(Object.assign(document.createElement("pre"), { id: "probe", textContent: JSON.stringify(said) }));
