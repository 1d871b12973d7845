// Plots of several systems over missing rates and sets of modalities, with a legend that hides and shows them.

const MARKS = ["circle", "square", "triangle", "diamond"];
const DASHES = ["none", "7 4", "2 3", "9 3 2 3"];
const systems = report.systems.map(({ name }, place) => ({
  name,
  colour: `var(--s${place % 8})`,
  mark: MARKS[place % MARKS.length],
  dash: DASHES[Math.floor(place / 8) % DASHES.length],
  hollow: Math.floor(place / 8) % 2 === 1,
  shown: true,
}));
const shown = () => systems.filter((system) => system.shown);
const metric = () => report.metrics[byId("metric").value];
const withBands = () => byId("bands").checked;
const inUnit = (value, { percent }, digits) => (percent ? (100 * value).toFixed(Math.max(0, digits - 2)) : value.toFixed(digits));

function found(condition, system) {
  const cell = report.rows[condition][system.name][metric().key];
  return cell.mean === null ? null : cell;
}

function spoken(system, condition, cell) {
  const range = cell.low === null ? "" : ` [${formatMetric(cell.low, metric())}, ${formatMetric(cell.high, metric())}]`;
  return `${system.name}, ${condition}: ${formatMetric(cell.mean, metric())}${range}`;
}

function marker(system, x, y, text) {
  const r = 4;
  const corners = {
    square: [[-r, -r], [r, -r], [r, r], [-r, r]],
    triangle: [[0, -r - 1], [r + 1, r], [-r - 1, r]],
    diamond: [[0, -r - 1.5], [r + 1.5, 0], [0, r + 1.5], [-r - 1.5, 0]],
  }[system.mark];
  const element = corners
    ? shape("polygon", { points: corners.map(([dx, dy]) => `${x + dx},${y + dy}`).join(" ") })
    : shape("circle", { cx: x, cy: y, r });
  element.setAttribute("fill", system.hollow ? "var(--card)" : system.colour);
  element.setAttribute("stroke", system.colour);
  element.setAttribute("stroke-width", system.hollow ? 1.5 : 0);
  if (text) element.append(shape("title", {}, text));
  return element;
}

const line = (points, system) =>
  shape("polyline", { points: points.map(([x, y]) => `${x},${y}`).join(" "), class: "line", stroke: system.colour, "stroke-dasharray": system.dash });

// Conditions of the curve in the order of their missing fraction; the complete set stands for a rate of zero.
function rateConditions() {
  const complete = report.sets.filter((name) => name in report.missing).at(-1);
  const names = [...report.rates];
  if (names.length && complete && report.missing[complete] === 0 && !names.includes("rate:0")) names.unshift(complete);
  return names.map((name) => ({ name, at: report.missing[name] })).sort((a, b) => a.at - b.at);
}

function bounds(conditions) {
  const cells = conditions.flatMap((name) => shown().map((system) => found(name, system))).filter((cell) => cell);
  return extent(cells.flatMap((cell) => (withBands() ? [cell.mean, cell.low, cell.high] : [cell.mean])));
}

function byRate(width) {
  const conditions = rateConditions();
  if (conditions.length < 2 || !shown().length) return make("p", { className: "quiet" }, shown().length ? "No common missing rates were evaluated." : "Every system is hidden.");
  const bottom = Math.max(290, 130 + 24 * shown().length);
  const [left, right, top, height] = [44, width - 12, 12, bottom + 46];
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${metric().name} of all systems by missing rate` });
  const [low, high] = bounds(conditions.map(({ name }) => name));
  const x = scale(conditions[0].at, conditions.at(-1).at, left + 8, right - 8);
  const y = scale(low, high, bottom, top);
  const { values, digits } = ticks(low, high, 6);
  for (const value of values) {
    svg.append(shape("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "grid" }));
    svg.append(shape("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", class: "dim" }, inUnit(value, metric(), digits)));
  }
  for (const { at } of conditions) svg.append(shape("text", { x: x(at), y: bottom + 20, "text-anchor": "middle", class: "dim" }, percent(at, 0)));
  svg.append(shape("text", { x: (left + right) / 2, y: bottom + 40, "text-anchor": "middle", class: "dim" }, "% of modalities missing"));
  const drawn = shown().map((system) => ({ system, points: conditions.map(({ name, at }) => ({ name, at, cell: found(name, system) })).filter(({ cell }) => cell) }));
  if (withBands()) {
    for (const { system, points } of drawn) {
      const ends = points.filter(({ cell }) => cell.low !== null);
      const edge = [...ends.map(({ at, cell }) => [at, cell.high]), ...ends.toReversed().map(({ at, cell }) => [at, cell.low])];
      svg.append(shape("polygon", { points: edge.map(([at, value]) => `${x(at)},${y(value)}`).join(" "), class: "area", fill: system.colour }));
    }
  }
  for (const { system, points } of drawn) {
    svg.append(line(points.map(({ at, cell }) => [x(at), y(cell.mean)]), system));
    svg.append(...points.map(({ name, at, cell }) => marker(system, x(at), y(cell.mean), spoken(system, name, cell))));
  }
  return svg;
}

function bySet(width) {
  const sets = report.sets;
  if (!sets.length || !shown().length) return make("p", { className: "quiet" }, shown().length ? "No common sets of modalities were evaluated." : "Every system is hidden.");
  const [left, right, top, step] = [Math.min(120, width * 0.32), width - 14, 6, shown().length > 6 ? 6 : 11];
  const tall = step * shown().length + 12;
  const bottom = top + tall * sets.length;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${bottom + 26}`, role: "img", "aria-label": `${metric().name} of all systems by set of modalities` });
  const [low, high] = bounds(sets);
  const x = scale(low, high, left, right);
  sets.forEach((name, place) => {
    const begin = top + tall * place;
    if (place % 2 === 0) svg.append(shape("rect", { x: 0, y: begin, width, height: tall, class: "stripe" }));
    svg.append(shape("text", { x: 6, y: begin + tall / 2 + 4 }, name.startsWith("mean of") ? "mean of partial" : name));
  });
  const { values, digits } = ticks(low, high, 6);
  for (const value of values) {
    svg.append(shape("line", { x1: x(value), x2: x(value), y1: top, y2: bottom, class: "grid" }));
    svg.append(shape("text", { x: x(value), y: bottom + 18, "text-anchor": "middle", class: "dim" }, inUnit(value, metric(), digits)));
  }
  sets.forEach((name, place) => {
    shown().forEach((system, number) => {
      const cell = found(name, system);
      if (!cell) return;
      const y = top + tall * place + 6 + step * (number + 0.5);
      if (withBands() && cell.low !== null) svg.append(shape("line", { x1: x(cell.low), x2: x(cell.high), y1: y, y2: y, class: "whisker", stroke: system.colour }));
      svg.append(marker(system, x(cell.mean), y, spoken(system, name, cell)));
    });
  });
  return svg;
}

function legend(redraw) {
  byId("legend").append(...systems.map((system) => {
    const swatch = shape("svg", { viewBox: "0 0 30 12", "aria-hidden": "true" });
    swatch.append(line([[0, 6], [30, 6]], system), marker(system, 15, 6, null));
    const button = make("button", { type: "button", "aria-pressed": "true" }, swatch, system.name);
    button.addEventListener("click", () => {
      system.shown = !system.shown;
      button.setAttribute("aria-pressed", String(system.shown));
      redraw();
    });
    return make("li", {}, button);
  }));
}

options(byId("metric"), report.metrics, ({ name }) => name);
byId("metric-choice").hidden = report.metrics.length < 2;
byId("bands").checked = systems.length <= 4;
const charts = [drawResponsive(byId("by-rate"), byRate), drawResponsive(byId("by-set"), bySet)];
const redraw = () => {
  for (const name of document.querySelectorAll("figcaption .metric")) name.textContent = metric().name;
  charts.forEach((draw) => draw());
};
redraw();
legend(redraw);
byId("metric").addEventListener("change", redraw);
byId("bands").addEventListener("change", redraw);
schemes();
