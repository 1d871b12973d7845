// One dialogue turn by turn, as the model says it under the modalities that are switched on.

const view = { shown: 0, off: new Set(), turn: 0, watchers: [] };
const changedView = () => view.watchers.forEach((watch) => watch());

const dialogue = () => report.timelines[view.shown];
const recorded = (talk) => report.modalities.filter((_, column) => talk.available.some((row) => row[column]));

const setName = (modalities) => Object.keys(report.sets).find((name) => report.sets[name].join() === modalities.join());

// Name of the set that is switched on, under which its predictions are stored.
const seenSet = () => setName(recorded(dialogue()).filter((name) => !view.off.has(name)));

// The speaker's previous emotion in a sequence: for each turn, or null at a first turn.
function previousOf(talk, emotions) {
  const last = {};
  return talk.speaker.map((speaker, turn) => {
    const before = last[speaker] ?? null;
    if (emotions[turn] !== null) last[speaker] = emotions[turn];
    return before;
  });
}

const changedAt = (before, now) => report.labels.names.length > 0 && before !== null && now !== null && before !== now;

function place(element, row, column) {
  element.style.gridRow = row;
  element.style.gridColumn = column;
  return element;
}

function lanes() {
  const talk = dialogue();
  const said = talk.under[seenSet()];
  const before = { gold: previousOf(talk, talk.emotion), said: previousOf(talk, said.emotion) };
  const grid = make("div", { className: "lanes" });
  grid.style.gridTemplateColumns = `var(--names) repeat(${talk.speaker.length}, var(--cell))`;
  talk.speaker.forEach((_, turn) => { if (turn % 5 === 0) grid.append(place(make("span", { className: "tick", "aria-hidden": "true" }, turn), 1, turn + 2)); });
  talk.speakers.forEach((name, number) => grid.append(place(make("span", { className: "name", title: name }, make("b", {}, name)), `${2 + 2 * number} / span 2`, 1)));
  talk.speaker.forEach((speaker, turn) => {
    grid.append(place(goldCell(talk.emotion[turn], changedAt(before.gold[turn], talk.emotion[turn])), 2 + 2 * speaker, turn + 2));
    grid.append(place(saidCell(talk, said, turn, before.said[turn]), 3 + 2 * speaker, turn + 2));
  });
  report.modalities.forEach((modality, column) => {
    const row = 2 + 2 * talk.speakers.length + column;
    grid.append(place(make("span", { className: "name low", title: modality }, modality), row, 1));
    talk.available.forEach((has, turn) => {
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

function saidCell(talk, said, turn, before) {
  const emotion = said.emotion[turn];
  const colour = emotionColour(emotion);
  const changed = changedAt(before, emotion);
  const sure = said.probability.length ? ` ${percent(Math.max(...said.probability[turn]), 0)} %` : "";
  const from = changed ? `, changed from ${emotionName(before)}` : "";
  const button = make("button", {
    type: "button",
    className: changed ? "changed" : "",
    tabIndex: turn === view.turn ? 0 : -1,
    "aria-label": `Turn ${turn}, ${talk.speakers[talk.speaker[turn]]}: predicted ${emotionName(emotion)}${sure}${from}; annotated ${emotionName(talk.emotion[turn])}`,
    "aria-current": turn === view.turn ? "true" : "false",
    "data-turn": turn,
    "data-emotion": emotion,
    style: { background: colour, color: inkOn(colour) },
  }, emotionCode(emotion));
  return button;
}

function choose(turn, focus = false) {
  if (turn < 0 || turn >= dialogue().speaker.length) return;
  view.turn = turn;
  for (const button of byId("lanes").querySelectorAll("button")) {
    const current = Number(button.dataset.turn) === turn;
    button.setAttribute("aria-current", String(current));
    button.tabIndex = current ? 0 : -1;
    if (current && focus) button.focus({ preventScroll: true });
    if (current && focus) reveal(byId("lanes"), button);
  }
  byId("turn").replaceChildren(...turnDetail());
  drawGraph();
}

// Scrolls a turn into view without moving the page.
function reveal(scroller, element) {
  if (!element) return;
  const [box, inner] = [scroller.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.left < box.left + 110 || inner.right > box.right - 20) scroller.scrollLeft += inner.left - box.left - box.width / 2;
}

function turnDetail() {
  const talk = dialogue();
  const turn = view.turn;
  const said = talk.under[seenSet()];
  const about = make("div", {}, make("h3", {}, `Turn ${turn}, ${talk.speakers[talk.speaker[turn]]}`));
  const line = (...children) => about.append(make("p", {}, ...children));
  line("predicted ", chip(said.emotion[turn]), ` ${emotionName(said.emotion[turn])}`);
  if (talk.emotion[turn] === null) line("not annotated");
  else line("annotated ", chip(talk.emotion[turn]), ` ${emotionName(talk.emotion[turn])}`);
  if (said.change[turn] !== null) line(`probability of a change since the speaker's previous turn: ${percent(said.change[turn], 0)} %`);
  const has = report.modalities.filter((_, column) => talk.available[turn][column]);
  const sees = has.filter((modality) => !view.off.has(modality));
  line(`seen: ${sees.join(", ") || "nothing"}${sees.length < has.length ? `; hidden: ${has.filter((name) => view.off.has(name)).join(", ")}` : ""}`);
  line(`would help most: ${report.help[setName(sees)]}`);
  if (talk.text && talk.text[turn]) line(make("q", {}, talk.text[turn]));
  return [about, bars(said, turn), hypotheses(talk, turn)];
}

function bars(said, turn) {
  const box = make("div", {}, make("h3", {}, "Probabilities"));
  if (!said.probability.length) return make("div");
  const rows = said.probability[turn].flatMap((share, emotion) => [
    make("span", {}, emotionName(emotion)),
    make("i", { style: { width: `${100 * share}%`, background: emotionColour(emotion) } }),
    make("em", {}, percent(share, 0)),
  ]);
  box.append(make("div", { className: "bars" }, ...rows));
  return box;
}

// What every set of modalities would say of this turn, and where the router sends it.
function hypotheses(talk, turn) {
  const items = Object.entries(talk.under).map(([name, said]) => make("li", {}, chip(said.emotion[turn]), name));
  const box = make("div", {}, make("h3", {}, "If the model saw only"), make("ul", { className: "hypotheses" }, ...items));
  const inputs = report.modalities.map((name, row) => [name, row]).filter(([, row]) => talk.available[turn][row]);
  if (inputs.length) box.append(make("h3", { style: { marginTop: ".8rem" } }, "Router, input → expert"));
  for (const [name, row] of inputs) {
    const weights = report.modalities.map((expert, column) => `${expert} ${percent(talk.router[turn][row][column], 0)}`);
    box.append(make("p", {}, `${name} → ${weights.join(" · ")}`));
  }
  return box;
}

function status() {
  const talk = dialogue();
  const set = seenSet();
  const said = talk.under[set];
  const visible = report.sets[set].join(", ") || "nothing";
  if (!report.labels.names.length) return `The model sees ${visible}.`;
  const known = talk.emotion.map((emotion, turn) => [emotion, said.emotion[turn]]).filter(([gold]) => gold !== null);
  const right = known.filter(([gold, guess]) => gold === guess).length;
  const count = (emotions) => previousOf(talk, emotions).filter((before, turn) => changedAt(before, emotions[turn])).length;
  return `The model sees ${visible}: ${right} of ${known.length} annotated turns right; ${count(said.emotion)} changes predicted, ${count(talk.emotion)} annotated.`;
}

// Both pictures at the chosen turn.
function begin() {
  for (const scroller of [byId("lanes"), byId("graph-picture")]) {
    reveal(scroller, scroller?.querySelector(`[data-turn="${view.turn}"]`));
  }
}

function switches() {
  const there = recorded(dialogue());
  const boxes = report.modalities.map((modality) => {
    const box = make("input", { type: "checkbox", role: "switch", value: modality });
    box.checked = there.includes(modality) && !view.off.has(modality);
    box.disabled = !there.includes(modality);
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
  byId("lanes").dataset.set = seenSet();
  byId("timeline-status").textContent = status();
  choose(view.turn, focused);
}

// Where to begin: the first predicted change of the complete dialogue, or its first turn.
function firstChange() {
  const talk = dialogue();
  const emotions = Object.values(talk.under).at(-1).emotion;
  const before = previousOf(talk, emotions);
  return Math.max(0, emotions.findIndex((emotion, turn) => changedAt(before[turn], emotion)));
}

function legend() {
  const key = (style, text) => make("li", {}, make("span", { style: { display: "inline-block", width: "20px", ...style } }), text);
  const emotions = report.labels.names.length
    ? report.labels.names.map((name, number) => make("li", {}, chip(number), name))
    : report.labels.interval.map((value) => make("li", {}, chip(value), value < 0 ? "lowest score" : "highest score"));
  const marks = [
    key({ height: "9px", borderRadius: "3px", background: "var(--quiet)" }, "thin: annotated; tall: predicted"),
    key({ height: "3px", background: "var(--ink)" }, "annotated change"),
    make("li", {}, make("span", { "aria-hidden": "true" }, "▲"), "predicted change"),
  ];
  byId("legend").replaceChildren(...emotions, ...(report.labels.names.length ? marks : marks.slice(0, 1)));
}

function timelineSection() {
  const select = byId("dialogue");
  options(select, report.timelines, (talk) => `${talk.id} · ${talk.speaker.length} turns, ${talk.speakers.length} speakers`);
  select.addEventListener("change", () => {
    view.shown = Number(select.value);
    view.turn = firstChange();
    view.off.clear();
    switches();
    changedView();
    begin();
  });
  const turnOf = (event) => { const cell = event.target.closest("[data-turn]"); return cell ? Number(cell.dataset.turn) : null; };
  byId("lanes").addEventListener("pointerover", (event) => { const turn = turnOf(event); if (turn !== null && turn !== view.turn) choose(turn); });
  byId("lanes").addEventListener("click", (event) => { const turn = turnOf(event); if (turn !== null) choose(turn); });
  byId("lanes").addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: view.turn - 1, ArrowRight: view.turn + 1, Home: 0, End: dialogue().speaker.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose(moves[event.key], true);
  });
  view.watchers.push(drawTimeline);
  view.turn = firstChange();
  legend();
  switches();
  byId("timeline-note").textContent =
    `Dialogues spread evenly over the test part of fold ${report.model.fold}, read by the model of seed ${report.model.seed}. A switch hides a modality from every turn of the dialogue; the predictions for each combination were stored when this page was made.` +
    (report.timelines.some((talk) => talk.text) ? "" : " Transcripts are left out; `graphmer report --transcripts` includes them.");
}
