// Predictions of a dialogue turn by turn, from the modalities that are switched on.

const view = { dialogue: 0, off: new Set(), turn: 0, watchers: [] };
const changedView = () => view.watchers.forEach((watch) => watch());

const currentDialogue = () => report.timelines[view.dialogue];
const recorded = (dialogue) => report.modalities.filter((_, column) => dialogue.available.some((row) => row[column]));

const setName = (modalities) => Object.keys(report.sets).find((name) => report.sets[name].join() === modalities.join());

// Name of the set of modalities that is switched on, which is the key of its stored predictions.
const visibleSet = () => setName(recorded(currentDialogue()).filter((name) => !view.off.has(name)));

// Previous emotion of the speaker at each turn; null at the first turn of a speaker.
function previousOf(dialogue, emotions) {
  const last = {};
  return dialogue.speaker.map((speaker, turn) => {
    const before = last[speaker] ?? null;
    if (emotions[turn] !== null) last[speaker] = emotions[turn];
    return before;
  });
}

const changes = (dialogue, emotions) => previousOf(dialogue, emotions).filter((before, turn) => changedAt(before, emotions[turn])).length;
const annotated = (dialogue) => dialogue.emotion.some((emotion) => emotion !== null);
const changedAt = (before, now) => report.labels.names.length > 0 && before !== null && now !== null && before !== now;

function place(element, row, column) {
  element.style.gridRow = row;
  element.style.gridColumn = column;
  return element;
}

function lanes() {
  const dialogue = currentDialogue();
  const predicted = dialogue.under[visibleSet()];
  const before = { gold: previousOf(dialogue, dialogue.emotion), predicted: previousOf(dialogue, predicted.emotion) };
  const grid = make("div", { className: "lanes" });
  grid.style.gridTemplateColumns = `var(--names) repeat(${dialogue.speaker.length}, var(--cell))`;
  dialogue.speaker.forEach((_, turn) => { if (turn % 5 === 0) grid.append(place(make("span", { className: "tick", "aria-hidden": "true" }, turn), 1, turn + 2)); });
  dialogue.speakers.forEach((name, number) => grid.append(place(make("span", { className: "name", title: name }, make("b", {}, name)), `${2 + 2 * number} / span 2`, 1)));
  dialogue.speaker.forEach((speaker, turn) => {
    if (annotated(dialogue)) grid.append(place(goldCell(dialogue.emotion[turn], changedAt(before.gold[turn], dialogue.emotion[turn])), 2 + 2 * speaker, turn + 2));
    grid.append(place(predictedCell(dialogue, predicted, turn, before.predicted[turn]), 3 + 2 * speaker, turn + 2));
  });
  report.modalities.forEach((modality, column) => {
    const row = 2 + 2 * dialogue.speakers.length + column;
    grid.append(place(make("span", { className: "name low", title: modality }, modality), row, 1));
    dialogue.available.forEach((has, turn) => {
      const state = !has[column] ? "has never" : view.off.has(modality) ? "has off" : "has";
      grid.append(place(make("span", { className: state, "aria-hidden": "true" }), row, turn + 2));
    });
  });
  return grid;
}

function goldCell(emotion, changed) {
  const cell = make("span", { className: "gold", "aria-hidden": "true" });
  if (emotion === null) cell.classList.add("none");
  else cell.style.background = emotionColour(emotion);
  if (changed) cell.classList.add("changed");
  return cell;
}

function predictedCell(dialogue, predicted, turn, before) {
  const emotion = predicted.emotion[turn];
  const colour = emotionColour(emotion);
  const changed = changedAt(before, emotion);
  const probability = predicted.probability.length ? ` ${percent(Math.max(...predicted.probability[turn]), 0)} %` : "";
  const from = changed ? `, changed from ${emotionName(before)}` : "";
  const button = make("button", {
    type: "button",
    className: changed ? "changed" : "",
    tabIndex: turn === view.turn ? 0 : -1,
    "aria-label": `Turn ${turn}, ${dialogue.speakers[dialogue.speaker[turn]]}: predicted ${emotionName(emotion)}${probability}${from}${annotated(dialogue) ? `; annotated ${emotionName(dialogue.emotion[turn])}` : ""}`,
    "aria-current": turn === view.turn ? "true" : "false",
    "data-turn": turn,
    "data-emotion": emotion,
    style: { background: colour, color: inkOn(colour) },
  }, emotionCode(emotion));
  return button;
}

function choose(turn, focus = false) {
  if (turn < 0 || turn >= currentDialogue().speaker.length) return;
  view.turn = turn;
  for (const button of byId("lanes").querySelectorAll("button")) {
    const current = Number(button.dataset.turn) === turn;
    button.setAttribute("aria-current", String(current));
    button.tabIndex = current ? 0 : -1;
    if (current && focus) button.focus({ preventScroll: true });
    if (current && focus) reveal(byId("lanes"), button);
  }
  byId("turn").replaceChildren(...turnDetail());
  markTurn();
  drawGraph();
}

// Scrolls a turn into view without moving the page.
function reveal(scroller, element) {
  if (!element) return;
  const [box, inner] = [scroller.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.left < box.left + 110 || inner.right > box.right - 20) scroller.scrollLeft += inner.left - box.left - box.width / 2;
}

function turnDetail() {
  const dialogue = currentDialogue();
  const turn = view.turn;
  const predicted = dialogue.under[visibleSet()];
  const about = make("div", {}, make("h3", {}, `Turn ${turn}, ${dialogue.speakers[dialogue.speaker[turn]]}`));
  const line = (...children) => about.append(make("p", {}, ...children));
  line("predicted ", chip(predicted.emotion[turn]), ` ${emotionName(predicted.emotion[turn])}`);
  if (dialogue.emotion[turn] === null && annotated(dialogue)) line("not annotated");
  if (dialogue.emotion[turn] !== null) line("annotated ", chip(dialogue.emotion[turn]), ` ${emotionName(dialogue.emotion[turn])}`);
  if (predicted.change[turn] !== null) line(`probability of a change since the speaker's previous turn: ${percent(predicted.change[turn], 0)} %`);
  const has = report.modalities.filter((_, column) => dialogue.available[turn][column]);
  const visible = has.filter((modality) => !view.off.has(modality));
  line(`available: ${visible.join(", ") || "nothing"}${visible.length < has.length ? `; hidden: ${has.filter((name) => view.off.has(name)).join(", ")}` : ""}`);
  line(`would help most: ${report.help[setName(visible)]}`);
  if (dialogue.text && dialogue.text[turn]) line(make("q", {}, dialogue.text[turn]));
  return [about, bars(predicted, turn), hypotheses(dialogue, turn)];
}

function bars(predicted, turn) {
  const box = make("div", {}, make("h3", {}, "Probabilities"));
  if (!predicted.probability.length) return make("div");
  const rows = predicted.probability[turn].flatMap((share, emotion) => [
    make("span", {}, emotionName(emotion)),
    make("i", { style: { width: `${100 * share}%`, background: emotionColour(emotion) } }),
    make("em", {}, percent(share, 0)),
  ]);
  box.append(make("div", { className: "bars" }, ...rows));
  return box;
}

// Predictions of this turn under every set of modalities, and its router weights.
function hypotheses(dialogue, turn) {
  const items = Object.entries(dialogue.under).map(([name, predicted]) => make("li", {}, chip(predicted.emotion[turn]), name));
  const box = make("div", {}, make("h3", {}, "Prediction from each set of modalities"), make("ul", { className: "hypotheses" }, ...items));
  if (!dialogue.router) return box;
  const inputs = report.modalities.map((name, row) => [name, row]).filter(([, row]) => dialogue.available[turn][row]);
  if (inputs.length) box.append(make("h3", { style: { marginTop: ".8rem" } }, "Router, input → expert"));
  for (const [name, row] of inputs) {
    const weights = report.modalities.map((expert, column) => `${expert} ${percent(dialogue.router[turn][row][column], 0)}`);
    box.append(make("p", {}, `${name} → ${weights.join(" · ")}`));
  }
  return box;
}

function status() {
  const dialogue = currentDialogue();
  const set = visibleSet();
  const predicted = dialogue.under[set];
  const visible = report.sets[set].join(", ") || "nothing";
  if (!report.labels.names.length) return `Available modalities: ${visible}.`;
  const known = dialogue.emotion.map((emotion, turn) => [emotion, predicted.emotion[turn]]).filter(([gold]) => gold !== null);
  const right = known.filter(([gold, guess]) => gold === guess).length;
  const count = (emotions) => changes(dialogue, emotions);
  if (!known.length) return `Available modalities: ${visible}. ${count(predicted.emotion)} changes predicted.`;
  return `Available modalities: ${visible}. ${right} of ${known.length} annotated turns correct; ${count(predicted.emotion)} changes predicted, ${count(dialogue.emotion)} annotated.`;
}

// Scrolls the timeline and the graph to the selected turn.
function scrollToSelected() {
  for (const scroller of [byId("lanes"), byId("graph-picture")]) {
    reveal(scroller, scroller?.querySelector(`[data-turn="${view.turn}"]`));
  }
}

function switches() {
  const present = recorded(currentDialogue());
  const boxes = report.modalities.map((modality) => {
    const box = make("input", { type: "checkbox", role: "switch", value: modality });
    box.checked = present.includes(modality) && !view.off.has(modality);
    box.disabled = !present.includes(modality);
    box.addEventListener("change", () => {
      if (box.checked) view.off.delete(modality);
      else view.off.add(modality);
      changedView();
    });
    return make("label", { className: "switch" }, box, make("span", {}, modality));
  });
  byId("switches").replaceChildren(byId("switches").querySelector("legend"), ...boxes);
}

function drawTimeline() {
  const scrolled = byId("lanes").scrollLeft;
  const focused = byId("lanes").contains(document.activeElement);
  byId("lanes").replaceChildren(lanes());
  byId("lanes").scrollLeft = scrolled;
  byId("lanes").dataset.set = visibleSet();
  byId("timeline-status").textContent = status();
  choose(view.turn, focused);
}

// Turn selected at first: the first predicted change of the complete dialogue, or its first turn.
function firstChange() {
  const dialogue = currentDialogue();
  const emotions = Object.values(dialogue.under).at(-1).emotion;
  const before = previousOf(dialogue, emotions);
  return Math.max(0, emotions.findIndex((emotion, turn) => changedAt(before[turn], emotion)));
}

function legend() {
  const key = (style, text) => make("li", {}, make("span", { style: { display: "inline-block", width: "20px", ...style } }), text);
  const emotions = report.labels.names.length
    ? report.labels.names.map((name, number) => make("li", {}, chip(number), name))
    : report.labels.interval.map((value) => make("li", {}, chip(value), value < 0 ? "lowest score" : "highest score"));
  const classes = report.labels.names.length > 0;
  const marks = [
    report.measures && key({ height: "9px", borderRadius: "3px", background: "var(--quiet)" }, "thin: annotated; tall: predicted"),
    report.measures && classes && key({ height: "3px", background: "var(--ink)" }, "annotated change"),
    classes && make("li", {}, make("span", { "aria-hidden": "true" }, "▲"), "predicted change"),
  ];
  byId("legend").replaceChildren(...emotions, ...marks.filter(Boolean));
}

function timelineSection() {
  const select = byId("dialogue");
  options(select, report.timelines, (dialogue) => `${dialogue.id} · ${dialogue.speaker.length} turns, ${dialogue.speakers.length} speakers`);
  select.addEventListener("change", () => {
    view.dialogue = Number(select.value);
    view.turn = firstChange();
    view.off.clear();
    switches();
    changedView();
    scrollToSelected();
  });
  const turnOf = (event) => { const cell = event.target.closest("[data-turn]"); return cell ? Number(cell.dataset.turn) : null; };
  byId("lanes").addEventListener("pointerover", (event) => { const turn = turnOf(event); if (turn !== null && turn !== view.turn) choose(turn); });
  byId("lanes").addEventListener("click", (event) => { const turn = turnOf(event); if (turn !== null) choose(turn); });
  byId("lanes").addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: view.turn - 1, ArrowRight: view.turn + 1, Home: 0, End: currentDialogue().speaker.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose(moves[event.key], true);
  });
  view.watchers.push(drawTimeline);
  view.turn = firstChange();
  legend();
  switches();
  byId("timeline-note").textContent = timelineNote();
}

function timelineNote() {
  const which = report.measures
    ? `Evenly spaced dialogues of the test part of fold ${report.model.fold}, predicted by the model of seed ${report.model.seed}.`
    : `Predicted by the model of fold ${report.model.fold}, seed ${report.model.seed}; change: probability that the emotion differs from the speaker's previous one.`;
  const omitted = report.omitted ? " Only the first dialogues of the file are shown." : "";
  const texts = !report.measures || report.timelines.some((dialogue) => dialogue.text) ? "" : " Transcripts are omitted; `graphmer report --transcripts` includes them.";
  return `${which} A switch hides a modality in all turns of the dialogue; the predictions for each combination are stored in this page.${omitted}${texts}`;
}
