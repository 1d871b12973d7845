// Turns of a predicted dialogue from top to bottom, with their texts, emotions and changes.

function turnRow(dialogue, predicted, turn, before) {
  const emotion = predicted.emotion[turn];
  const share = predicted.probability.length ? ` ${percent(Math.max(...predicted.probability[turn]), 0)} %` : "";
  const known = predicted.change[turn] !== null;
  const change = known ? `${percent(predicted.change[turn], 0)} %` : "";
  const changed = changedAt(before, emotion);
  const has = dialogue.available[turn].some((each, column) => each && !view.off.has(report.modalities[column]));
  return make("li", { "data-turn": turn, className: has ? "" : "bare" },
    make("b", {}, dialogue.speakers[dialogue.speaker[turn]]),
    make("span", { className: "said" }, dialogue.text?.[turn] || make("span", { className: "quiet" }, "no text")),
    make("span", {}, chip(emotion), ` ${emotionName(emotion)}`, make("span", { className: "quiet" }, share)),
    make("span", { className: changed ? "marked" : "quiet" }, known ? make("span", { className: "label" }, "change ") : "", changed ? `▲ ${change} from ${emotionName(before)}` : change));
}

function drawTurns() {
  const dialogue = currentDialogue();
  const predicted = dialogue.under[visibleSet()];
  const before = previousOf(dialogue, predicted.emotion);
  const title = (text) => make("span", { className: "quiet" }, text);
  const change = report.labels.names.length ? "change" : "";
  const head = make("li", { className: "head", "aria-hidden": "true" }, ...["speaker", "text", "emotion", change].map(title));
  byId("turns").replaceChildren(head, ...dialogue.speaker.map((_, turn) => turnRow(dialogue, predicted, turn, before[turn])));
  markTurn();
}

function markTurn() {
  for (const row of byId("turns")?.querySelectorAll("[data-turn]") ?? []) {
    row.classList.toggle("chosen", Number(row.dataset.turn) === view.turn);
  }
}

function turnsSection() {
  if (report.measures) return byId("turns").remove();
  byId("turns").addEventListener("click", (event) => {
    const row = event.target.closest("[data-turn]");
    if (row) choose(Number(row.dataset.turn));
  });
  view.watchers.push(drawTurns);
}
