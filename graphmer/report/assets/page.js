// Start of the page: title, key figures, sections.

// Key figures of predicted dialogues, of which there are no scores.
function dialogueTiles() {
  const { timelines } = report;
  const total = (count) => timelines.reduce((sum, dialogue) => sum + count(dialogue), 0);
  const tile = (value, caption) => make("li", {}, make("b", {}, value), make("span", {}, caption));
  const complete = (dialogue) => Object.values(dialogue.under).at(-1).emotion;
  const turns = total((dialogue) => dialogue.speaker.length);
  const without = (column) => total((dialogue) => dialogue.available.filter((has) => !has[column]).length);
  byId("tiles").append(
    tile(turns, timelines.length === 1 ? `turns of ${timelines[0].speakers.join(", ")}` : `turns in ${timelines.length} dialogues`),
    ...(report.labels.names.length ? [tile(total((dialogue) => changes(dialogue, complete(dialogue))), "predicted changes of emotion")] : []),
    ...report.modalities.map((modality, column) => tile(turns - without(column), `turns with ${modality}`)),
  );
}

function tiles() {
  if (!report.measures) return dialogueTiles();
  const { rows, sets, metrics, utterances, dialogues, seeds, folds, missing } = report.measures;
  const complete = sets.filter((name) => name in missing).at(-1);
  const mean = sets.find((name) => !(name in missing));
  const first = metrics.find((metric) => metric.key === "weighted_f1") ?? metrics[0];
  const tile = (metric, condition, caption) => {
    const found = metric && condition && rows[condition][metric.key];
    if (!found || found.mean === null) return [];
    const half = found.low === null ? "" : ` ± ${formatMetric((found.high - found.low) / 2, metric)}`;
    return [make("li", {}, make("b", {}, formatMetric(found.mean, metric), make("small", { className: "quiet" }, half)), make("span", {}, caption))];
  };
  const change = metrics.find((metric) => metric.key === "change_mcc");
  byId("tiles").append(
    ...tile(first, complete, `${first.name}, all modalities`),
    ...tile(first, mean, `${first.name}, mean of partial sets`),
    ...tile(change, complete, "MCC × 100 of changes, all modalities"),
    make("li", {}, make("b", {}, utterances), make("span", {}, `test turns in ${dialogues} dialogues; ${folds} fold(s), ${seeds} seed(s)`)),
  );
}

byId("simulated").hidden = !report.simulated;
byId("subtitle").textContent = report.run ? `predicted by ${report.run} · trained on ${report.model.corpus} · ${report.modalities.join(", ")}` :
  `${report.corpus.name} · ${report.modalities.join(", ")} · epoch selected by ${report.selection === "test_oracle" ? "test_oracle: an upper bound, not a result" : report.selection}`;
schemes();
tiles();
scoresSection();
timelineSection();
turnsSection();
graphSection();
matricesSection();
routerSection();
hardnessSection();
trainingSection();
provenanceSection();
changedView();
scrollToSelected();
byId("nav").append(...[...document.querySelectorAll("main section")].map((section) => make("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)));
