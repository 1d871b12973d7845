// Losses and validation score by epoch.

const CURVES = ["light-dark(#0072B2, #56B4E9)", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "light-dark(#56B4E9, #F0E442)", "#999999"];

function curves(series, epochs, chosen, width, label) {
  const known = series.flatMap(({ points }) => points.map((point) => point[1]));
  if (!known.length) return make("p", { className: "quiet" }, "Nothing was recorded.");
  const [left, right, top, bottom] = [48, width - 10, 10, 196];
  const svg = shape("svg", { viewBox: `0 0 ${width} 236`, role: "img", "aria-label": label });
  const [low, high] = extent(known);
  const x = scale(1, Math.max(2, epochs), left + 6, right - 6);
  const y = scale(low, high, bottom, top);
  const { values, digits } = ticks(low, high, 4);
  for (const value of values) {
    svg.append(shape("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "grid" }));
    svg.append(shape("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", class: "dim" }, value.toFixed(digits)));
  }
  for (const value of ticks(1, epochs, 6).values.filter(Number.isInteger)) {
    svg.append(shape("text", { x: x(value), y: bottom + 18, "text-anchor": "middle", class: "dim" }, value));
  }
  svg.append(shape("text", { x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle", class: "dim" }, "epoch"));
  if (chosen) svg.append(shape("line", { x1: x(chosen), x2: x(chosen), y1: top, y2: bottom, class: "grid", "stroke-dasharray": "4 3" }));
  series.forEach(({ points }, number) => {
    const colour = CURVES[number % CURVES.length];
    svg.append(shape("polyline", { points: points.map(([at, value]) => `${x(at)},${y(value)}`).join(" "), class: "curve", style: `stroke: ${colour}` }));
    for (const [at, value] of points) svg.append(shape("circle", { cx: x(at), cy: y(value), r: 2.5, style: `fill: ${colour}` }));
  });
  return svg;
}

function lossSeries(model) {
  const stages = new Set(model.epochs.map((epoch) => epoch.stage));
  const found = new Map();
  for (const epoch of model.epochs) {
    for (const [term, value] of Object.entries(epoch.losses)) {
      const name = stages.size > 1 ? `${epoch.stage}: ${term}` : term;
      if (!found.has(name)) found.set(name, []);
      found.get(name).push([epoch.number, value]);
    }
  }
  return [...found].map(([name, points]) => ({ name, points }));
}

function trainingSection() {
  if (!report.training?.length) return byId("training").remove();
  const select = byId("training-model");
  options(select, report.training, ({ fold, seed }) => `fold ${fold}, seed ${seed}`);
  const model = () => report.training[select.value];
  const legend = make("ul", { className: "legend" });
  byId("losses").after(legend);
  const losses = drawResponsive(byId("losses"), (width) => curves(lossSeries(model()), model().epochs.length, null, width, "Training losses by epoch"));
  const validation = drawResponsive(byId("validation"), (width) => {
    const points = model().epochs.filter((epoch) => epoch.score !== null).map((epoch) => [epoch.number, epoch.score]);
    return curves([{ points }], model().epochs.length, model().chosen, width, "Validation score by epoch");
  });
  const draw = () => {
    losses();
    validation();
    legend.replaceChildren(...lossSeries(model()).map(({ name }, number) =>
      make("li", {}, make("span", { className: "key", style: { color: CURVES[number % CURVES.length] } }), name)));
    const seconds = model().epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
    const kind = report.labels.names.length ? "mean weighted F1" : "minus the mean absolute error";
    byId("training-note").textContent =
      `Validation: ${kind} over the fixed conditions (${report.selection}). The dashed line is the selected epoch, ${model().chosen}. ${model().epochs.length} epochs took ${seconds.toFixed(0)} s.`;
  };
  select.addEventListener("change", draw);
  draw();
}
