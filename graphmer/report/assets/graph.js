// The dialogue graph: edges from source to target turns, by relation.

const RULES = ["light-dark(#0072B2, #56B4E9)", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#999999"];
const hidden = new Set();

const ruleOf = (relation) => relation.split("/")[0];
const ruleNames = () => [...new Set(report.relations.map(ruleOf))];
const colourOf = (relation) => RULES[ruleNames().indexOf(ruleOf(relation)) % RULES.length];
const dashOf = (relation) => (relation.split("/")[1] === "future" ? "5 3" : "none");

function drawGraph() {
  if (!report.relations.length) return;
  const dialogue = currentDialogue();
  const predicted = dialogue.under[visibleSet()];
  const every = byId("every-turn").checked;
  const [step, row, left, top] = [30, 104, 4, 50];
  const width = left + step * dialogue.speaker.length + 10;
  const height = top + row * (dialogue.speakers.length - 1) + 44;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `Graph of dialogue ${dialogue.id}` });
  const at = (turn) => [left + step * (turn + 0.5), top + row * dialogue.speaker[turn] + 22];
  const names = dialogue.speakers.map((name, number) => make("span", { style: { top: `${top + row * number - 26}px` } }, name));
  let count = 0;
  const dense = (relation) => dialogue.edges[relation].length;
  for (const relation of report.relations.filter((name) => !hidden.has(name)).sort((a, b) => dense(b) - dense(a))) {
    for (const [source, target] of dialogue.edges[relation]) {
      if (!every && target !== view.turn) continue;
      svg.append(edge(at(source), at(target), relation, every));
      count += 1;
    }
  }
  dialogue.speaker.forEach((_, turn) => svg.append(node(dialogue, predicted, turn, at(turn))));
  const picture = byId("graph-picture");
  const scrolled = picture.scrollLeft;
  picture.replaceChildren(make("div", { className: "names" }, ...names), svg);
  picture.scrollLeft = scrolled;
  const which = every ? "Edges of all turns" : `Incoming edges of turn ${view.turn}`;
  byId("graph-note").textContent =
    `${which}: ${count}. Turns run from left to right, with one row per speaker and coloured by the predicted emotion. Dashed edges come from later turns. Click a turn to see its incoming edges.`;
}

function edge([x1, y1], [x2, y2], relation, faint) {
  const bend = y1 === y2 ? -Math.min(46, 10 + Math.abs(x2 - x1) * 0.22 + 5 * ruleNames().indexOf(ruleOf(relation))) : 0;
  const middle = `${(x1 + x2) / 2 + (y1 === y2 ? 0 : 14 * ruleNames().indexOf(ruleOf(relation)))} ${(y1 + y2) / 2 + bend * 1.6}`;
  return shape("path", {
    d: x1 === x2 && y1 === y2 ? `M${x1 - 5} ${y1 - 8} q5 -22 10 0` : `M${x1} ${y1} Q${middle} ${x2} ${y2}`,
    fill: "none", style: `stroke: ${colourOf(relation)}`, "stroke-dasharray": dashOf(relation),
    "stroke-width": faint ? 1 : 1.8, opacity: faint ? 0.35 : 0.85,
  });
}

function node(dialogue, predicted, turn, [x, y]) {
  const group = shape("g", { "data-turn": turn, style: "cursor:pointer" });
  const colour = emotionColour(predicted.emotion[turn]);
  const empty = !dialogue.available[turn].some((has, column) => has && !view.off.has(report.modalities[column]));
  group.append(shape("circle", {
    cx: x, cy: y, r: 11, fill: empty ? "var(--card)" : colour, stroke: turn === view.turn ? "var(--ink)" : empty ? colour : "none",
    "stroke-width": 2.5, "stroke-dasharray": empty ? "3 2" : "none",
  }));
  const label = shape("text", { x, y: y + 4, "text-anchor": "middle" }, turn);
  label.style.fontSize = "10px";
  label.style.fill = empty ? "var(--ink)" : inkOn(colour);
  group.append(label);
  return group;
}

function graphSection() {
  if (!report.relations.length) return byId("graph").remove();
  const boxes = report.relations.map((relation) => {
    const box = make("input", { type: "checkbox" });
    box.checked = true;
    box.addEventListener("change", () => { if (box.checked) hidden.delete(relation); else hidden.add(relation); drawGraph(); });
    const key = make("span", { className: dashOf(relation) === "none" ? "key" : "key dashed", style: { color: colourOf(relation) } });
    return make("label", { className: "switch" }, box, key, make("span", {}, relation));
  });
  byId("relations").append(...boxes);
  byId("every-turn").addEventListener("change", drawGraph);
  byId("graph-picture").addEventListener("click", (event) => { const cell = event.target.closest("[data-turn]"); if (cell) choose(Number(cell.dataset.turn)); });
}
