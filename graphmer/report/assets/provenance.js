// Data card, configuration, versions and machine.

function definitions(pairs) {
  const known = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return make("dl", {}, ...known.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

// The corpus of a run; of predicted dialogues, the model and the extractors of its features.
function dataCard({ corpus, model }) {
  if (!corpus) {
    const extractors = Object.entries(model.extractors ?? {}).map(([modality, found]) => [
      `${modality} features`,
      `${found.extractor} ${found.model} (${found.version}; ${Object.entries(found.settings).map((each) => each.join(" ")).join(", ")}; sha256 ${found.sha256.slice(0, 12)})`,
    ]);
    return definitions([
      ["run", report.run],
      ["trained on", model.corpus],
      ["model", `fold ${model.fold}, seed ${model.seed}, epoch ${model.epoch}, selected by ${model.selection} (${model.validation.toFixed(3)})`],
      ["emotions", report.labels.names.join(", ")],
      ...extractors,
    ]);
  }
  const counted = Object.entries(corpus.emotions).map(([name, count]) => `${name} ${count}`);
  return definitions([
    ["corpus", corpus.name],
    ["licence", corpus.licence],
    ["cite", corpus.citation],
    ["from", /^https?:/.test(corpus.url) ? make("a", { href: corpus.url, rel: "noreferrer" }, corpus.url) : corpus.url],
    ["note", corpus.note],
    ["size", `${corpus.dialogues} dialogues, ${corpus.turns} turns, ${corpus.unlabelled} not annotated`],
    ["features", Object.entries(corpus.widths).map(([name, width]) => `${name} ${width} (of ${percent(corpus.recorded[name])} % of turns)`).join(", ")],
    ["emotions", counted.join(", ")],
    ["fingerprint", corpus.fingerprint.slice(0, 16)],
  ]);
}

function provenanceSection() {
  const { environment, model } = report;
  byId("facts").append(make("div", {}, make("h3", {}, report.corpus ? "Data card" : "Model"), dataCard(report)));
  if (!environment) return byId("config").parentElement.remove();
  const machine = definitions([
    ...Object.entries(environment.versions),
    ["commit", environment.commit],
    ["platform", environment.platform],
    ["processor", environment.processor],
    ["device", environment.device],
    ["model of the dialogues", `fold ${model.fold}, seed ${model.seed}, epoch ${model.epoch}`],
  ]);
  byId("facts").append(make("div", {}, make("h3", {}, "Versions and machine"), machine));
  byId("config").textContent = report.config;
}
