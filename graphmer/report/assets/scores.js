// Scores by condition and missing rate, with intervals.

function whiskers(metric, width) {
  const { rows, sets, best } = report.measures;
  const known = sets.filter((name) => rows[name][metric.key] && rows[name][metric.key].mean !== null);
  const [left, line, top] = [Math.min(130, width * 0.34), 30, 8];
  const height = top + line * known.length + 26;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${metric.name} by set of modalities` });
  const bests = metric.key === "wa" ? known.map((name) => best[name] ?? null) : [];
  const [low, high] = extent([...known.flatMap((name) => { const row = rows[name][metric.key]; return [row.mean, row.low, row.high]; }), ...bests]);
  const x = scale(low, high, left, width - 48);
  axis(svg, metric, low, high, x, top, height);
  known.forEach((name, position) => {
    const row = rows[name][metric.key];
    const y = top + line * (position + 0.5);
    svg.append(shape("text", { x: 0, y: y + 4 }, name.startsWith("mean of") ? "mean of partial" : name));
    if (row.low !== null) svg.append(shape("line", { x1: x(row.low), x2: x(row.high), y1: y, y2: y, class: "bar" }));
    if (metric.key === "wa" && best[name] !== undefined) {
      svg.append(shape("line", { x1: x(best[name]), x2: x(best[name]), y1: y - 8, y2: y + 8, class: "best" }));
    }
    svg.append(shape("circle", { cx: x(row.mean), cy: y, r: 4.5, class: "dot" }));
    svg.append(shape("text", { x: width, y: y + 4, "text-anchor": "end" }, formatMetric(row.mean, metric)));
  });
  return svg;
}

function axis(svg, metric, low, high, x, top, height) {
  const { values, digits } = ticks(low, high, 6);
  for (const value of values) {
    svg.append(shape("line", { x1: x(value), x2: x(value), y1: top, y2: height - 22, class: "grid" }));
    const label = metric.percent ? (100 * value).toFixed(Math.max(0, digits - 2)) : value.toFixed(digits);
    svg.append(shape("text", { x: x(value), y: height - 6, "text-anchor": "middle", class: "dim" }, label));
  }
}

function ratePoints(metric) {
  const { rows, rates, missing, sets } = report.measures;
  const complete = sets.filter((name) => name in missing).at(-1);
  const points = rates.map(({ condition }) => ({ x: missing[condition], row: rows[condition][metric.key] }));
  if (complete && !rates.some(({ rate }) => rate === 0)) points.unshift({ x: missing[complete], row: rows[complete][metric.key] });
  return points.filter(({ row }) => row && row.mean !== null).sort((a, b) => a.x - b.x);
}

function rateCurve(metric, width) {
  const points = ratePoints(metric);
  if (points.length < 2) return make("p", { className: "quiet" }, "No missing rates were evaluated.");
  const [left, right, top, bottom, height] = [44, width - 12, 12, 210, 256];
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${metric.name} by missing rate` });
  const [low, high] = extent(points.flatMap(({ row }) => [row.mean, row.low, row.high]));
  const x = scale(0, Math.max(...points.map((point) => point.x)), left + 8, right - 8);
  const y = scale(low, high, bottom, top);
  const { values, digits } = ticks(low, high, 5);
  for (const value of values) {
    svg.append(shape("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "grid" }));
    const label = metric.percent ? (100 * value).toFixed(Math.max(0, digits - 2)) : value.toFixed(digits);
    svg.append(shape("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", class: "dim" }, label));
  }
  if (points.every(({ row }) => row.low !== null)) {
    const edge = [...points.map((p) => [p.x, p.row.high]), ...points.toReversed().map((p) => [p.x, p.row.low])];
    svg.append(shape("polygon", { points: edge.map((p) => `${x(p[0])},${y(p[1])}`).join(" "), class: "band" }));
  }
  const path = points.map((p) => `${x(p.x)},${y(p.row.mean)}`).join(" ");
  svg.append(shape("polyline", { points: path, class: "curve", stroke: "var(--accent)" }));
  for (const point of points) {
    svg.append(shape("circle", { cx: x(point.x), cy: y(point.row.mean), r: 4.5, class: "dot" }));
    svg.append(shape("text", { x: x(point.x), y: bottom + 20, "text-anchor": "middle", class: "dim" }, percent(point.x, 0)));
  }
  svg.append(shape("text", { x: (left + right) / 2, y: bottom + 40, "text-anchor": "middle", class: "dim" }, "% of modalities missing"));
  return svg;
}

function scoreTable() {
  const { metrics, rows, missing, best } = report.measures;
  const hasBest = Object.keys(best).length > 0;
  const head = ["condition", "missing", ...metrics.map((metric) => metric.name), ...(hasBest ? ["best WA"] : [])];
  const body = Object.entries(rows).map(([condition, row]) => {
    const cells = metrics.map((metric) => {
      const found = row[metric.key];
      if (!found || found.mean === null) return "–";
      if (found.low === null) return formatMetric(found.mean, metric);
      return `${formatMetric(found.mean, metric)} ± ${formatMetric((found.high - found.low) / 2, metric)}`;
    });
    const first = [condition in missing ? missing[condition].toFixed(3) : ""];
    const last = hasBest ? [condition in best ? percent(best[condition]) : ""] : [];
    const line = [...first, ...cells, ...last].map((cell) => make("td", {}, cell));
    return make("tr", {}, make("th", { scope: "row" }, condition), ...line);
  });
  const titles = head.map((name) => make("th", { scope: "col" }, name));
  return make("table", {}, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...body));
}

// Comparison with the published figures of a paper, with its caveats.
function publishedTable() {
  const { source, metrics, rows, notes } = report.published;
  const number = (value) => (value === null ? "–" : value.toFixed(1));
  const own = ({ mean, low, high }) => (low === null ? number(mean) : `${number(mean)} ± ${number((high - low) / 2)}`);
  const titles = ["condition", ...metrics.flatMap((name) => [`published ${name}`, name])].map((name) => make("th", { scope: "col" }, name));
  const body = Object.entries(rows).map(([condition, figures]) => {
    const cells = figures.flatMap((figure) => [number(figure.published), own(figure)]).map((cell) => make("td", {}, cell));
    return make("tr", {}, make("th", { scope: "row" }, condition), ...cells);
  });
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...body));
  return [
    make("figcaption", {}, `Compared with ${source}`),
    make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Published figures" }, table),
    make("p", { className: "quiet" }, notes.join(" ")),
  ];
}

function scoresSection() {
  if (!report.measures) return byId("scores").remove();
  const { metrics, seeds, folds, utterances, dialogues, change, best } = report.measures;
  const select = byId("metric");
  options(select, metrics, (metric) => (metric.about === "change" ? `change of emotion: ${metric.name}` : metric.name));
  const metric = () => metrics[select.value];
  const redraws = [drawResponsive(byId("by-set"), (width) => whiskers(metric(), width)), drawResponsive(byId("by-rate"), (width) => rateCurve(metric(), width))];
  select.addEventListener("change", () => redraws.forEach((redraw) => redraw()));
  byId("scores-table").append(scoreTable());
  byId("published").hidden = !report.published;
  if (report.published) byId("published").append(...publishedTable());
  const marks = Object.keys(best).length ? " The vertical mark is the best possible WA, that of the exact posterior of the simulated process." : "";
  const changes = change ? ` A change is a difference from the emotion of the speaker's previous turn, derived from the predicted emotions: ${change.shifts} of ${change.eligible} eligible turns.${change.direct ? " Direct: the change predicted by the change head, or by the decoder if there is no change head, at its fitted threshold; disagree: eligible turns at which it differs from the derived change; direct ECE: expected calibration error of its probability." : ""}` : "";
  byId("scores-note").textContent =
    `Mean over ${seeds} seed(s) of the metric over ${utterances} utterances in ${dialogues} dialogues, ${folds} fold(s) pooled; bars and bands are 95 % intervals over resampled dialogues. ${report.labels.names.length ? "In %." : "MAE in units of the score, r without unit, the others in %."}${changes}${marks}`;
}
