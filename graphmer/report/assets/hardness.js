// Histogram of the hardness of the training utterances.

function histogram(counts, width) {
  const [left, right, top, bottom] = [44, width - 8, 10, 190];
  const svg = shape("svg", { viewBox: `0 0 ${width} 230`, role: "img", "aria-label": "Training utterances by hardness" });
  const { values } = ticks(0, Math.max(...counts, 1), 4);
  const [x, y] = [scale(0, 1, left, right), scale(0, Math.max(...counts, ...values), bottom, top)];
  for (const value of values) {
    svg.append(shape("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "grid" }));
    svg.append(shape("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", class: "dim" }, value));
  }
  counts.forEach((count, bin) => {
    const [from, to] = [x(bin / counts.length), x((bin + 1) / counts.length)];
    svg.append(shape("rect", { x: from + 1, y: y(count), width: to - from - 2, height: bottom - y(count), class: "dot" }));
  });
  for (const [value, anchor] of [[0, "start"], [0.5, "middle"], [1, "end"]]) {
    svg.append(shape("text", { x: x(value), y: bottom + 18, "text-anchor": anchor, class: "dim" }, ["0, easy", "0.5", "1, hard"][2 * value]));
  }
  return svg;
}

function hardnessSection() {
  if (!report.hardness) return byId("hardness").remove();
  const names = Object.keys(report.hardness);
  const select = byId("hardness-condition");
  options(select, names, conditionName);
  const draw = drawResponsive(byId("hardness-chart"), (width) => histogram(report.hardness[names[select.value]], width));
  select.addEventListener("change", draw);
  const total = report.hardness[names[0]].reduce((sum, count) => sum + count, 0);
  byId("hardness-note").textContent = `${total} training utterances of fold ${report.model.fold}, seed ${report.model.seed}.`;
}
