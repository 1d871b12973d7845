// Shared functions: elements, number formats, scales and colours.

const report = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "style") Object.assign(element.style, value);
    else if (name in element && name !== "role" && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function shape(tag, attributes = {}, text = null) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  return element;
}

function options(select, names, label = (name) => name) {
  select.replaceChildren(...names.map((name, position) => make("option", { value: position }, label(name))));
}

const percent = (value, digits = 1) => (value === null ? "–" : (100 * value).toFixed(digits));
const formatMetric = (value, metric) => (value === null ? "–" : metric.percent ? percent(value) : value.toFixed(3));

// Redraws when the width of the container changes, so that the font size is the same on a phone.
function drawResponsive(container, draw) {
  let width = 0;
  const redraw = () => {
    const current = Math.round(container.clientWidth);
    if (current > 0) container.replaceChildren(draw((width = current)));
  };
  new ResizeObserver(() => { if (Math.round(container.clientWidth) !== width) requestAnimationFrame(redraw); }).observe(container);
  redraw();
  return redraw;
}

// About `count` round values that cover an interval.
function ticks(low, high, count) {
  const raw = (high - low) / count || 1;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = size * [1, 2, 5, 10].find((times) => size * times >= raw);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-6; value += step) found.push(value);
  return { values: found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function extent(values, margin = 0.08) {
  const known = values.filter((value) => value !== null && Number.isFinite(value));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = (high - low || Math.abs(high) || 1) * margin;
  return [low - room, high + room];
}

const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

// Text colour, black or white, with the better contrast on a background colour.
function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 ? "#111" : "#fff";
}

function emotionName(emotion) {
  if (emotion === null) return "not annotated";
  return report.labels.names.length ? report.labels.names[emotion] : emotion.toFixed(2);
}

function emotionCode(emotion) {
  return report.labels.names.length ? report.labels.codes[emotion] : emotion.toFixed(1);
}

// Colour of a class; of a score, a colour from blue (lowest) over grey (middle) to vermillion (highest).
function emotionColour(emotion) {
  if (report.labels.names.length) return report.labels.colours[emotion];
  const [low, high] = report.labels.interval;
  const place = Math.max(-1, Math.min(1, (2 * (emotion - low)) / (high - low) - 1));
  const end = place < 0 ? [0, 114, 178] : [213, 94, 0];
  const mixed = end.map((part) => Math.round(200 + (part - 200) * Math.abs(place)));
  return "#" + mixed.map((part) => part.toString(16).padStart(2, "0")).join("");
}

function chip(emotion) {
  const colour = emotionColour(emotion);
  return make("span", { className: "chip", style: { background: colour, color: inkOn(colour) } }, emotionCode(emotion));
}

const conditionName = (name) => {
  const chosen = report.sets[name];
  return chosen && chosen.length && name !== chosen.join("+") ? `${name} (${chosen.join(", ")})` : name;
};
