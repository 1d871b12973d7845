// Arcs from the turns that cause an emotion, or its change, to the turn that has it.

const causesOf = (predicted, turn) => predicted.causes?.[turn] ?? [];
const causesInWords = (predicted, turn) => causesOf(predicted, turn).map(([cause, share]) => `${cause === turn ? "itself" : `turn ${cause}`} (${percent(share, 0)} %)`).join(", ");

// Below the timeline, with one column for each turn; those of the selected turn stand out.
function causeArcs(dialogue, predicted) {
  const cell = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--cell"));
  const depth = (distance) => 12 + Math.min(44, 7 * distance);
  const [width, height] = [cell * dialogue.speaker.length, 62];
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "arcs", role: "img", "aria-label": "Causes of emotions and changes; the text below names those of the selected turn" });
  const at = (turn) => cell * (turn + 0.5);
  dialogue.speaker.forEach((_, turn) => {
    for (const [cause, share] of causesOf(predicted, turn)) {
      const group = shape("g", { "data-effect": turn, style: `opacity: ${0.3 + 0.7 * share}` });
      if (cause === turn) group.append(shape("circle", { cx: at(turn), cy: 5, r: 3 }));
      else {
        group.append(shape("path", { d: `M${at(cause) + 4} 2 Q${(at(cause) + at(turn)) / 2} ${2 * depth(turn - cause)} ${at(turn) - 4} 6`, fill: "none" }));
        group.append(shape("path", { d: `M${at(turn) - 8} 8 L${at(turn) - 3} 1 L${at(turn) - 1} 9 Z`, class: "head" }));
      }
      svg.append(group);
    }
  });
  return svg;
}

function markCauses() {
  for (const group of byId("lanes").querySelectorAll("[data-effect]")) {
    group.classList.toggle("chosen", Number(group.dataset.effect) === view.turn);
  }
}
