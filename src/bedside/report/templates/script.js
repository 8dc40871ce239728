"use strict";
(() => {
  const save = (name, type, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], {type}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const quote = (value) => {
    let text = String(value ?? "").replace(/\s+/g, " ").trim();
    if (/^[=+@\t]/.test(text)) text = "'" + text;
    return /[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  const csv = (rows) => "\ufeff" + rows.map((row) => row.map(quote).join(",")).join("\r\n") + "\r\n";
  const words = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("sup.fn").forEach((note) => note.remove());
    copy.querySelectorAll("small").forEach((small) => small.prepend(" "));
    return copy.textContent.replaceAll("\u2212", "-");
  };
  const wholeSvg = (figure) => {
    const hidden = figure.querySelector("template.whole");
    const drawing = (hidden ? hidden.content : figure).querySelector("svg.plot").cloneNode(true);
    const box = drawing.viewBox.baseVal;
    if (!drawing.hasAttribute("width")) {
      drawing.setAttribute("width", box.width);
      drawing.setAttribute("height", box.height);
    }
    const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = document.getElementById("plot-style").textContent;
    drawing.prepend(style);
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(drawing);
  };
  const figureRows = (data) => {
    const rows = [["series", data.x, data.y, "low", "high"]];
    for (const series of data.series) {
      series.x.forEach((x, i) => rows.push([series.label, data.categories[x] ?? x, series.y[i], series.low[i], series.high[i]]));
    }
    return rows;
  };
  const forestRows = (figure) => {
    const rows = [["row", "estimate"]];
    figure.querySelectorAll(".forest .lane").forEach((line) => {
      line.querySelectorAll(".said > div").forEach((said) => rows.push([words(line.querySelector(".what")), words(said)]));
    });
    return rows;
  };
  const actions = {
    "csv-table": (figure) => {
      const table = figure.querySelector("table");
      const rows = [...table.rows].map((row) => [...row.cells].map(words));
      save(table.dataset.name + ".csv", "text/csv", csv(rows));
    },
    "csv-figure": (figure, button) => {
      const data = JSON.parse(figure.querySelector("script.data").textContent);
      save(button.dataset.name + ".csv", "text/csv", csv(figureRows(data)));
    },
    "csv-forest": (figure, button) => save(button.dataset.name + ".csv", "text/csv", csv(forestRows(figure))),
    svg: (figure, button) => save(button.dataset.name + ".svg", "image/svg+xml", wholeSvg(figure)),
    copy: async (figure, button) => {
      const source = document.getElementById(button.dataset.target);
      const status = button.parentNode.querySelector("[role=status]");
      const paragraphs = [...source.querySelectorAll("p")].map((p) => p.textContent);
      const text = paragraphs.length ? paragraphs.join("\n\n") : source.textContent;
      try {
        await navigator.clipboard.writeText(text);
        status.textContent = "Copied.";
      } catch {
        getSelection().selectAllChildren(source);
        status.textContent = "Selected: press Ctrl+C to copy.";
      }
    },
  };
  document.querySelectorAll(".tools").forEach((tools) => { tools.hidden = false; });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) actions[button.dataset.do](button.closest("figure"), button);
  });

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.sort);
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b, "en", {numeric: true});
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const label = head.querySelector(".head");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...label.childNodes);
      label.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => (down ? -1 : 1) * compare(key(a, column), key(b, column)));
        table.tBodies[0].append(...rows);
      });
    });
  });

  const opened = [];
  addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((details) => {
    details.open = true;
    opened.push(details);
  }));
  addEventListener("afterprint", () => opened.splice(0).forEach((details) => { details.open = false; }));

  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  if (links.size && "IntersectionObserver" in window) {
    const seen = new Set();
    const watch = new IntersectionObserver((entries) => {
      entries.forEach((entry) => (entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id)));
      const first = [...links.keys()].find((id) => seen.has(id));
      if (!first) return;
      links.forEach((link, id) => (id === first ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    }, {rootMargin: "0px 0px -70% 0px"});
    links.forEach((_, id) => { const target = document.getElementById(id); if (target) watch.observe(target); });
  }
})();
