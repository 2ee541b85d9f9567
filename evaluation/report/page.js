"use strict";
// The browser of samples. All text goes in through textContent: nothing a model wrote is ever read as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 40;
let shown = PAGE;
const find = id => document.getElementById(id);

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

for (const sample of data.samples) {
  const probe = data.probes[sample.probe];
  sample.text = [probe.symbol, probe.path, sample.code, ...sample.remarks, probe.instruction].join("\n").toLowerCase();
}

function matching() {
  const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const arm = find("arm").value, status = find("status").value;
  return data.samples.filter(s => (!arm || s.arm === arm) && (!status || s.status === status) && words.every(w => s.text.includes(w)));
}

// lines of both, by the longest common subsequence
function compare(before, after) {
  const a = before.split("\n"), b = after.split("\n");
  const length = Array.from({length: a.length + 1}, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--)
    length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const lines = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push(["span", "  " + a[i]]); i++; j++; }
    else if (j >= b.length || (i < a.length && length[i + 1][j] >= length[i][j + 1])) lines.push(["del", "- " + a[i++]]);
    else lines.push(["ins", "+ " + b[j++]]);
  }
  return lines;
}

function block(parent, title, text) {
  parent.append(make("h4", "", title), make("pre", "", text));
}

function open(details, sample) {
  if (details.dataset.filled) return;
  details.dataset.filled = "1";
  const probe = data.probes[sample.probe];
  for (const remark of sample.remarks) details.append(make("p", "remark", remark));
  const panes = make("div", "panes"), left = make("div", "pane"), right = make("div", "pane");
  block(left, "answer", sample.code || "(no code)");
  right.append(make("h4", "", "from the reference to the answer"));
  const diff = make("pre", "diff");
  for (const [tag, line] of compare(probe.reference, sample.code)) diff.append(make(tag, "", line + "\n"));
  right.append(diff);
  panes.append(left, right);
  details.append(panes);
  if (sample.front) block(details, "in front of the file's own context", data.fronts[sample.front]);
  block(details, "context and ask", probe.context + "\n\n" + probe.instruction);
  if (sample.rest) block(details, "the model went on, which was cut", sample.rest);
}

function draw() {
  const found = matching(), list = find("list");
  list.replaceChildren();
  for (const sample of found.slice(0, shown)) {
    const details = make("details"), summary = make("summary"), probe = data.probes[sample.probe];
    summary.append(make("span", "", sample.arm), make("code", "", probe.symbol + "  " + probe.path),
      make("span", "status " + (sample.status === "ok" ? "good" : "bad"), sample.status));
    details.append(summary);
    details.addEventListener("toggle", () => open(details, sample));
    list.append(details);
  }
  find("count").textContent = found.length + (found.length === 1 ? " sample" : " samples");
  find("more").hidden = found.length <= shown;
}

for (const id of ["search", "arm", "status"]) find(id).addEventListener("input", () => { shown = PAGE; draw(); });
find("more").addEventListener("click", () => { shown += PAGE; draw(); });
draw();
