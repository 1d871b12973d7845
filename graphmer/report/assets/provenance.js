// Data card, configuration, versions and machine.

function definitions(pairs) {
  const known = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return make("dl", {}, ...known.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function provenanceSection() {
  const { corpus, environment, model } = report;
  const counted = Object.entries(corpus.emotions).map(([name, count]) => `${name} ${count}`);
  const card = definitions([
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
  const machine = definitions([
    ...Object.entries(environment.versions),
    ["commit", environment.commit],
    ["platform", environment.platform],
    ["processor", environment.processor],
    ["device", environment.device],
    ["model of the dialogues", `fold ${model.fold}, seed ${model.seed}, epoch ${model.epoch}`],
  ]);
  byId("facts").append(make("div", {}, make("h3", {}, "Data card"), card), make("div", {}, make("h3", {}, "Versions and machine"), machine));
  byId("config").textContent = report.config;
}
