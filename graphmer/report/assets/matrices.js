// Confusion matrices, and annotated and predicted transition matrices.

function heatmap(rowNames, columnNames, cells, corner, counts = null) {
  const head = make("tr", {}, make("th", { scope: "col", className: "corner" }, corner), ...columnNames.map((name) => make("th", { scope: "col" }, name)));
  const body = rowNames.map((name, row) => {
    const count = counts ? make("small", {}, counts[row]) : null;
    const line = cells[row].map((share) => {
      const strength = share === null ? 0 : Math.round(6 + 84 * share);
      const style = { background: `color-mix(in srgb, var(--heatmap) ${strength}%, transparent)`, color: strength > 55 ? "#fff" : "inherit" };
      return make("td", { style }, percent(share, 0));
    });
    return make("tr", {}, make("th", { scope: "row" }, name, count), ...line);
  });
  return make("table", { className: "heatmap" }, make("thead", {}, head), make("tbody", {}, ...body));
}

function shares(counts) {
  return counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total ? count / total : null));
  });
}

function matricesSection() {
  if (!report.matrices) return byId("matrices").remove();
  const select = byId("matrix-condition");
  const names = Object.keys(report.measures.rows).filter((name) => name in report.matrices);
  options(select, names, conditionName);
  const draw = () => {
    const found = report.matrices[names[select.value]];
    const panels = [["Confusion", found.confusion, "annotated ↓ predicted →"], ["Transitions, annotated", found.annotated, "from ↓ to →"], ["Transitions, predicted", found.predicted, "from ↓ to →"]];
    byId("matrix-panels").replaceChildren(...panels.map(([title, counts, corner]) => {
      const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
      return make("div", {}, make("h3", {}, title), heatmap(report.labels.names, report.labels.names, shares(counts), corner, totals));
    }));
  };
  select.value = names.indexOf(report.measures.sets.filter((name) => name in report.matrices).at(-1));
  select.addEventListener("change", draw);
  draw();
}
