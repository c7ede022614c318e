// The first page: sends a picture, a drawing or the index of a test image, and shows the models' answers. The answers
// are HTML in which every value is escaped. An error is plain text, and is shown in the section that caused it.

const result = document.getElementById("result");
const status = document.getElementById("status");
const busy = document.getElementById("busy");
const sections = Object.fromEntries(["picture", "drawing", "test"].map((id) => [id, document.getElementById(id)]));
const NO_SERVER = "The server does not respond. Start it again with: python -m benchmark serve";
let latest = 0;

function showError(section, text) {
  section.querySelector(".problem").textContent = text;
}

async function classify(section, url, picture) {
  const request = ++latest; // an answer to an older request is not shown
  Object.values(sections).forEach((other) => showError(other, ""));
  status.textContent = "Every model is running…";
  busy.hidden = false;
  result.setAttribute("aria-busy", "true");
  let error = "";
  let answers = "";
  try {
    const response = await fetch(url, { method: "POST", body: picture });
    const text = await response.text();
    if (response.ok) answers = text;
    else error = text;
  } catch {
    error = NO_SERVER;
  }
  if (request !== latest) return;
  busy.hidden = true;
  result.setAttribute("aria-busy", "false");
  result.innerHTML = answers;
  showError(section, error);
  const heading = result.querySelector("h2");
  status.textContent = "";
  if (!heading) return;
  if (picture) await preview(picture);
  heading.focus({ preventScroll: true }); // screen readers then read it out
  (result.querySelector(".card") ?? heading).scrollIntoView({ block: "nearest" });
}

async function preview(picture) {
  const canvas = result.querySelector(".preview");
  if (!canvas) return;
  try {
    const image = await createImageBitmap(picture);
    const scale = 140 / Math.max(image.width, image.height);
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  } catch {
    canvas.closest("figure").remove(); // this browser cannot show the picture
  }
}

// --- a file

const file = document.getElementById("file");
const drop = document.getElementById("drop");
const maxBytes = Number(document.body.dataset.maxBytes);

function choose(files) {
  const [picture] = files;
  if (!picture) return showError(sections.picture, "This is not a file.");
  if (picture.size > maxBytes) { // the server would refuse it too
    const size = (picture.size / 2 ** 20).toFixed(1);
    return showError(sections.picture, `The file has ${size} MiB; the limit is ${maxBytes / 2 ** 20} MiB.`);
  }
  return classify(sections.picture, "/answers/picture", picture);
}

file.addEventListener("change", () => {
  choose(file.files);
  file.value = ""; // so that the same file can be chosen again
});
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
drop.addEventListener("dragover", () => drop.classList.add("over"));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  choose(event.dataTransfer.files);
});

// --- a drawing: a list of strokes, so that the last one can be undone

const canvas = document.getElementById("canvas");
const ink = canvas.getContext("2d", { willReadFrequently: true }); // the drawing is read for each request
const pen = document.getElementById("pen");
const fill = document.getElementById("fill");
const colour = document.getElementById("colour"); // there for models of colour images only
let strokes = [];
let drawing = false;
let byKeys = false;
let cursor = [canvas.width / 2, canvas.height / 2];

function draw(withCursor = byKeys) {
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.lineCap = ink.lineJoin = "round";
  for (const stroke of strokes) {
    const [[x, y], ...rest] = stroke.points;
    ink.strokeStyle = ink.fillStyle = stroke.colour;
    ink.lineWidth = stroke.width;
    ink.beginPath();
    ink.moveTo(x, y);
    ink.lineTo(x + 0.01, y); // a dot, if the stroke has one point only
    rest.forEach((point) => ink.lineTo(...point));
    if (stroke.filled) ink.fill();
    ink.stroke();
  }
  if (!withCursor) return;
  const [x, y] = cursor;
  ink.lineWidth = 2;
  ink.strokeStyle = drawing ? "#c00" : "#06c";
  ink.beginPath();
  for (const [dx, dy] of [[9, 0], [0, 9]]) {
    ink.moveTo(x - dx, y - dy);
    ink.lineTo(x + dx, y + dy);
  }
  ink.stroke();
}

function startStroke(point) {
  cursor = point;
  drawing = true;
  const drawn = colour?.value ?? "#333333";
  strokes.push({ points: [point], width: Number(pen.value), filled: fill.checked, colour: drawn });
  draw();
}

function movePen(point) {
  cursor = point;
  if (drawing) strokes.at(-1).points.push(point);
  draw();
}

function endStroke() {
  drawing = false;
  draw();
}

function position(event) {
  const box = canvas.getBoundingClientRect();
  return [
    ((event.clientX - box.left) * canvas.width) / box.width,
    ((event.clientY - box.top) * canvas.height) / box.height,
  ];
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  byKeys = false;
  canvas.setPointerCapture(event.pointerId);
  startStroke(position(event));
});
canvas.addEventListener("pointermove", (event) => drawing && event.buttons && movePen(position(event)));
canvas.addEventListener("pointerup", endStroke);
canvas.addEventListener("pointercancel", endStroke);
canvas.addEventListener("blur", () => {
  byKeys = false;
  endStroke();
});
canvas.addEventListener("keydown", (event) => {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key in arrows) {
    const step = event.shiftKey ? 2 : 10;
    const within = (value, max) => Math.max(0, Math.min(max, value));
    const [dx, dy] = arrows[event.key];
    movePen([within(cursor[0] + dx * step, canvas.width), within(cursor[1] + dy * step, canvas.height)]);
  } else if (event.key === " ") {
    if (drawing) endStroke();
    else startStroke(cursor);
  } else return;
  byKeys = true;
  draw();
  event.preventDefault();
});
document.getElementById("undo").addEventListener("click", () => {
  strokes.pop();
  draw();
});
document.getElementById("clear").addEventListener("click", () => {
  strokes = [];
  draw();
});
document.getElementById("ask").addEventListener("click", () => {
  if (!strokes.length) return showError(sections.drawing, "Draw something first.");
  draw(false);
  return canvas.toBlob((picture) => classify(sections.drawing, "/answers/picture", picture), "image/png");
});
draw(false);

// --- a test image: a random one, or the one that another page links to

document.getElementById("random").addEventListener("click", () => classify(sections.test, "/answers/test"));
const index = new URLSearchParams(location.search).get("index");
if (index !== null) classify(sections.test, `/answers/test?index=${encodeURIComponent(index)}`);

// --- the loading state of the models, until all are loaded

const models = document.getElementById("models");
while (models.querySelector("[data-loading]")) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  try {
    const response = await fetch("/models");
    if (response.ok) models.innerHTML = await response.text();
  } catch {
    models.textContent = NO_SERVER;
  }
}
