// Router weights of the experts for each input modality.

function routerSection() {
  if (!report.router) return byId("router").remove();
  const names = Object.keys(report.router);
  const select = byId("router-condition");
  options(select, names, conditionName);
  select.value = names.length - 1;
  const draw = () => {
    const weights = report.router[names[select.value]];
    const present = report.modalities.map((_, row) => row).filter((row) => weights[row][0] !== null);
    const rows = present.map((row) => report.modalities[row]);
    const columns = report.modalities.map((name) => `${name} expert`);
    byId("router-panel").replaceChildren(make("div", {}, heatmap(rows, columns, present.map((row) => weights[row]), "input ↓")));
  };
  select.addEventListener("change", draw);
  draw();
  byId("router-note").textContent =
    `Mean weight in % over the test turns that have the input modality; fold ${report.model.fold}, seed ${report.model.seed}. Each row sums to 100.`;
}
