// Which expert each input modality is sent to.

function routerSection() {
  const names = Object.keys(report.router);
  const select = byId("router-condition");
  options(select, names, conditionName);
  select.value = names.length - 1;
  const draw = () => {
    const weights = report.router[names[select.value]];
    const there = report.modalities.map((_, row) => row).filter((row) => weights[row][0] !== null);
    const rows = there.map((row) => report.modalities[row]);
    const columns = report.modalities.map((name) => `${name} expert`);
    byId("router-panel").replaceChildren(make("div", {}, heat(rows, columns, there.map((row) => weights[row]), "input ↓")));
  };
  select.addEventListener("change", draw);
  draw();
  byId("router-note").textContent =
    `Mean weight in %, over the test turns that have the input; fold ${report.model.fold}, seed ${report.model.seed}. Rows add up to 100.`;
}
