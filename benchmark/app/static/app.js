// The first page: sends a picture, a drawing or a wish for a test image, and shows the answers that come back. They
// come as HTML in which every word is escaped; a refusal comes as plain text and is shown where it happened.

const result = document.getElementById("result");
const status = document.getElementById("status");
const busy = document.getElementById("busy");
const panels = Object.fromEntries(["picture", "drawing", "test"].map((id) => [id, document.getElementById(id)]));
const GONE = "The server does not answer. Start it again with: python -m benchmark serve";
let turn = 0;

function say(panel, text) {
  panel.querySelector(".problem").textContent = text;
}

async function ask(panel, address, picture) {
  const mine = ++turn; // an answer that comes after a newer question is not shown
  Object.values(panels).forEach((each) => say(each, ""));
  status.textContent = "Asking every model…";
  busy.hidden = false;
  result.setAttribute("aria-busy", "true");
  let problem = "";
  let answers = "";
  try {
    const response = await fetch(address, { method: "POST", body: picture });
    const text = await response.text();
    if (response.ok) answers = text;
    else problem = text;
  } catch {
    problem = GONE;
  }
  if (mine !== turn) return;
  busy.hidden = true;
  result.setAttribute("aria-busy", "false");
  result.innerHTML = answers;
  say(panel, problem);
  const heading = result.querySelector("h2");
  status.textContent = "";
  if (!heading) return;
  if (picture) await preview(picture);
  heading.focus({ preventScroll: true }); // which has it read out
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
    canvas.closest("figure").remove(); // one that this browser cannot show
  }
}

// --- a file

const file = document.getElementById("file");
const drop = document.getElementById("drop");
const mostBytes = Number(document.body.dataset.maxBytes);

function choose(files) {
  const [picture] = files;
  if (!picture) return say(panels.picture, "That was no file.");
  if (picture.size > mostBytes) { // the server would refuse it, too
    const has = (picture.size / 2 ** 20).toFixed(1);
    return say(panels.picture, `The file has ${has} MiB, more than the ${mostBytes / 2 ** 20} that are read.`);
  }
  return ask(panels.picture, "/answers/picture", picture);
}

file.addEventListener("change", () => {
  choose(file.files);
  file.value = ""; // so that the same one can be chosen again
});
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
drop.addEventListener("dragover", () => drop.classList.add("over"));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  choose(event.dataTransfer.files);
});

// --- a drawing: strokes are kept, so that one can be taken back

const paper = document.getElementById("paper");
const ink = paper.getContext("2d", { willReadFrequently: true }); // each question reads it
const pen = document.getElementById("pen");
const fill = document.getElementById("fill");
let strokes = [];
let drawing = false;
let byKeys = false;
let cursor = [paper.width / 2, paper.height / 2];

function draw(withCursor = byKeys) {
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, paper.width, paper.height);
  ink.lineCap = ink.lineJoin = "round";
  ink.strokeStyle = ink.fillStyle = "#333";
  for (const stroke of strokes) {
    const [[x, y], ...rest] = stroke.points;
    ink.lineWidth = stroke.width;
    ink.beginPath();
    ink.moveTo(x, y);
    ink.lineTo(x + 0.01, y); // a dot, where there is no more
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

function down(point) {
  cursor = point;
  drawing = true;
  strokes.push({ points: [point], width: Number(pen.value), filled: fill.checked });
  draw();
}

function move(point) {
  cursor = point;
  if (drawing) strokes.at(-1).points.push(point);
  draw();
}

function up() {
  drawing = false;
  draw();
}

function spot(event) {
  const box = paper.getBoundingClientRect();
  return [
    ((event.clientX - box.left) * paper.width) / box.width,
    ((event.clientY - box.top) * paper.height) / box.height,
  ];
}

paper.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  byKeys = false;
  paper.setPointerCapture(event.pointerId);
  down(spot(event));
});
paper.addEventListener("pointermove", (event) => drawing && event.buttons && move(spot(event)));
paper.addEventListener("pointerup", up);
paper.addEventListener("pointercancel", up);
paper.addEventListener("blur", () => {
  byKeys = false;
  up();
});
paper.addEventListener("keydown", (event) => {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key in arrows) {
    const step = event.shiftKey ? 2 : 10;
    const within = (value, most) => Math.max(0, Math.min(most, value));
    const [dx, dy] = arrows[event.key];
    move([within(cursor[0] + dx * step, paper.width), within(cursor[1] + dy * step, paper.height)]);
  } else if (event.key === " ") {
    if (drawing) up();
    else down(cursor);
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
  if (!strokes.length) return say(panels.drawing, "Draw something first.");
  draw(false);
  return paper.toBlob((picture) => ask(panels.drawing, "/answers/picture", picture), "image/png");
});
draw(false);

// --- a test image: any, or the one that another page links to

document.getElementById("random").addEventListener("click", () => ask(panels.test, "/answers/test"));
const wanted = new URLSearchParams(location.search).get("index");
if (wanted !== null) ask(panels.test, `/answers/test?index=${encodeURIComponent(wanted)}`);

// --- how far the models are, until all are there

const models = document.getElementById("models");
while (models.querySelector("[data-loading]")) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  try {
    const response = await fetch("/models");
    if (response.ok) models.innerHTML = await response.text();
  } catch {
    models.textContent = GONE;
  }
}
