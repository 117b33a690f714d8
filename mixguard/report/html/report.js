"use strict";
(() => {
  const data = JSON.parse(document.getElementById("document").textContent);
  const byId = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const number = new Intl.NumberFormat("en");
  const STANCES = ["refused", "half refused", "answered", "not judged"];
  const STANCE_COLOURS = ["refused", "half", "answered", "unjudged"];
  const STANCE_POINTS = ["rectRot", "triangle", "circle", "crossRot"];
  const drawn = [];

  // Histograms: bars of equal width between two ends, and the limit as a line.
  const limitLine = {
    id: "limit",
    afterDatasetsDraw(chart, _, options) {
      if (options.at === undefined) return;
      const { ctx, chartArea: { left, right, top, bottom } } = chart;
      const x = left + (right - left) * options.at;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colour("fail");
      ctx.setLineDash([5, 4]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      ctx.textAlign = options.at > 0.75 ? "right" : "left";
      ctx.fillText(`limit ${options.value}`, x + (options.at > 0.75 ? -5 : 5), top + 10);
      ctx.restore();
    },
  };

  // The code of each hazard, upon the middle of its violating exemplars.
  const names = {
    id: "names",
    afterDatasetsDraw(chart, _, options) {
      const { ctx, scales: { x, y } } = chart;
      ctx.save();
      ctx.font = `600 13px ${Chart.defaults.font.family}`;
      ctx.textAlign = "center";
      ctx.lineWidth = 4;
      ctx.strokeStyle = colour("card");
      ctx.fillStyle = colour("ink");
      for (const place of options.places || []) {
        ctx.strokeText(place.name, x.getPixelForValue(place.x), y.getPixelForValue(place.y));
        ctx.fillText(place.name, x.getPixelForValue(place.x), y.getPixelForValue(place.y));
      }
      ctx.restore();
    },
  };
  const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

  const axis = (title, more) => ({
    title: { display: true, text: title, color: colour("faint") },
    ticks: { color: colour("faint"), maxRotation: 0, ...(more.ticks || {}) },
    grid: { color: colour("line"), display: more.grid !== false },
    border: { color: colour("line") },
    ...(more.scale || {}),
  });

  function histogram(id, spread, title) {
    const { counts, low, high, limit } = spread;
    const step = (high - low) / counts.length;
    const edges = counts.map((_, i) => low + i * step);
    const at = (limit - low) / (high - low);
    return new Chart(byId(id), {
      type: "bar",
      data: {
        labels: edges.map((edge) => edge.toFixed(2)),
        datasets: [{
          data: counts.map((count) => count || null),
          backgroundColor: edges.map((edge) => colour(edge + step / 2 >= limit ? "answered" : "refused")),
          barPercentage: 1, categoryPercentage: 0.94,
        }],
      },
      options: {
        animation: false, maintainAspectRatio: false,
        plugins: {
          legend: { display: false },
          limit: at >= 0 && at <= 1 ? { at, value: limit.toFixed(3) } : {},
          tooltip: { displayColors: false, callbacks: {
            title: ([bar]) => `${edges[bar.dataIndex].toFixed(2)} to ${(edges[bar.dataIndex] + step).toFixed(2)}`,
            label: (bar) => `${number.format(bar.raw)} exchanges`,
          } },
        },
        scales: {
          x: axis(title, { grid: false, ticks: { autoSkip: true, maxTicksLimit: 11 } }),
          y: axis("exchanges (log)", { scale: { type: "logarithmic", min: 0.8 }, ticks: {
            callback: (value) => (Number.isInteger(Math.log10(value)) ? number.format(value) : null),
          } }),
        },
      },
      plugins: [limitLine],
    });
  }

  // The map: exemplars as ground, exchanges upon it.
  const hue = (i, count) => `hsl(${Math.round((360 * i) / count)} 65% ${matchMedia("(prefers-color-scheme: dark)").matches ? 62 : 42}%)`;

  function drawMap(spread) {
    const { exchanges, exemplars, hazards } = spread;
    const codes = Object.keys(hazards);
    const wanted = byId("map-hazard").value;
    const byHazard = byId("map-colour").value === "hazard";
    const plain = byId("map-plain").checked;
    const ground = [true, false].map((violating) => ({
      label: violating ? "violating exemplar, in its hazard's colour" : "benign exemplar",
      data: !byId("map-exemplars").checked ? [] : exemplars.id.flatMap((id, i) =>
        exemplars.violating[i] === violating && (!wanted || codes[exemplars.hazard[i]] === wanted)
          ? [{ x: exemplars.x[i], y: exemplars.y[i], told: `exemplar ${id}, ${violating ? "violating" : "benign"}`, hazard: exemplars.hazard[i] }] : []),
      pointStyle: violating ? "circle" : "crossRot",
      radius: violating ? 2 : 2.5,
      pointBackgroundColor: (point) => (point.raw?.hazard >= 0 && violating ? `color-mix(in srgb, ${hue(point.raw.hazard, codes.length)} 45%, ${colour("card")})` : colour("exemplar")),
      pointBorderColor: violating ? "transparent" : colour("exemplar"),
      borderWidth: 1,
    }));
    const groups = new Map();
    exchanges.sample_id.forEach((id, i) => {
      const hazard = exchanges.hazard[i];
      if ((hazard < 0 && (!plain || wanted)) || (wanted && codes[hazard] !== wanted)) return;
      const stance = exchanges.stance[i];
      const key = byHazard ? hazard : hazard < 0 ? -1 : stance;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push({
        x: exchanges.x[i], y: exchanges.y[i], stance, hazard,
        told: `${exchanges.sources[exchanges.source[i]]}:${exchanges.line[i]}  ${id}`,
        more: `${hazard < 0 ? "no hazard" : hazards[codes[hazard]]} (${(exchanges.score[i] ?? 0).toFixed(2)}), ${STANCES[stance]}`,
      });
    });
    const upon = [...groups].sort(([a], [b]) => a - b).map(([key, points]) => {
      const tone = key < 0 ? colour("faint") : byHazard ? hue(key, codes.length) : colour(STANCE_COLOURS[key]);
      return {
        label: key < 0 ? "touches no hazard" : byHazard ? `${codes[key]} ${hazards[codes[key]]}` : STANCES[key],
        data: points, radius: key < 0 ? 2 : 5.5, hoverRadius: 8,
        pointStyle: key < 0 ? "circle" : points.map((point) => STANCE_POINTS[point.stance]),
        pointBackgroundColor: key < 0 ? `color-mix(in srgb, ${tone} 38%, transparent)` : tone,
        pointBorderColor: key < 0 ? "transparent" : colour("card"), borderWidth: key < 0 ? 0 : 1,
      };
    });
    const places = codes.flatMap((name, hazard) => {
      const own = exemplars.id.map((_, i) => i).filter((i) => exemplars.hazard[i] === hazard && exemplars.violating[i]);
      const shown = own.length && byId("map-exemplars").checked && (!wanted || wanted === name);
      return shown ? [{ name, x: middle(own.map((i) => exemplars.x[i])), y: middle(own.map((i) => exemplars.y[i])) }] : [];
    });
    const ends = { min: -0.02, max: 1.02, display: false };
    byId("map-legend").replaceChildren(...[...ground, ...upon].filter((set) => set.data.length).map((set) => {
      const entry = document.createElement("span");
      entry.textContent = `${set.label} ${number.format(set.data.length)}`;
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      dot.setAttribute("viewBox", "0 0 12 12");
      const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      const fill = typeof set.pointBackgroundColor === "function" ? colour("exemplar") : set.pointBackgroundColor;
      for (const [name, value] of Object.entries({ cx: 6, cy: 6, r: 5, fill })) circle.setAttribute(name, value);
      dot.append(circle);
      entry.prepend(dot);
      return entry;
    }));
    return new Chart(byId("map-chart"), {
      type: "scatter",
      data: { datasets: [...ground, ...upon] },
      options: {
        animation: false, maintainAspectRatio: false,
        scales: { x: ends, y: { ...ends } },
        plugins: { names: { places }, legend: { display: false }, tooltip: { displayColors: false, callbacks: {
          label: (point) => [point.raw.told, point.raw.more].filter(Boolean),
        } } },
        onClick: (_, [hit]) => {
          const point = hit && upon[hit.datasetIndex - ground.length]?.data[hit.index];
          if (point && byId("rows-search")) show({ search: point.told.split("  ").pop() });
        },
      },
      plugins: [names],
    });
  }

  function draw() {
    for (const chart of drawn.splice(0)) chart.destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.color = colour("ink");
    drawn.push(histogram("hazard-chart", data.hazard, "probability"));
    drawn.push(histogram("proximity-chart", data.proximity, "cosine"));
    if (data.map) drawn.push(drawMap(data.map));
  }

  // The table of rows: one set of columns, an order, a choice, a page.
  const rows = data.rows;
  const height = rows.sample_id.length;
  const COLUMNS = [
    ["finding", "Finding"], ["place", "Place"], ["hazard", "Hazard"], ["hazard_score", "Hazard prob.", true],
    ["stance", "Stance"], ["score", "Ranked by", true], ["language", "Lang."], ["format", "Format"], ["sample_id", "Sample"],
    ...(rows.prompt ? [["prompt", "Prompt"], ["response", "Response"]] : []),
  ];
  const PAGE = 25;
  const shown = { page: 0, by: null, down: false };
  const words = { full_refusal: "refused", partial_refusal: "half refused", full_compliance: "answered" };
  const place = (i) => `${rows.sources[rows.source[i]]}:${rows.line[i]}`;
  const value = (name, i) => (name === "place" ? place(i) : name === "stance" ? words[rows.stance[i]] ?? "not judged" : rows[name][i]);

  function chosen() {
    const finding = byId("rows-finding").value, hazard = byId("rows-hazard").value, stance = byId("rows-stance").value;
    const search = byId("rows-search").value.trim().toLowerCase();
    const found = [];
    for (let i = 0; i < height; i++) {
      if (finding && rows.finding[i] !== finding) continue;
      if (hazard && rows.hazard[i] !== hazard) continue;
      if (stance && value("stance", i) !== stance) continue;
      if (search && !COLUMNS.some(([name]) => String(value(name, i) ?? "").toLowerCase().includes(search))) continue;
      found.push(i);
    }
    if (shown.by) {
      const order = (a, b) => {
        const [x, y] = [value(shown.by, a), value(shown.by, b)];
        if (x == null || y == null) return (x == null) - (y == null);
        const sign = shown.down ? -1 : 1;
        return sign * (typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
      };
      found.sort(order);
    }
    return found;
  }

  function cell(name, i, numeric) {
    const td = document.createElement("td");
    const content = value(name, i);
    td.textContent = content == null ? "" : typeof content === "number" ? content.toFixed(2) : content;
    if (numeric) td.className = "n";
    if (name === "prompt" || name === "response") td.className = "texts";
    return td;
  }

  function fill() {
    const found = chosen();
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    shown.page = Math.min(Math.max(shown.page, 0), pages - 1);
    byId("rows-table").tBodies[0].replaceChildren(...found.slice(shown.page * PAGE, (shown.page + 1) * PAGE).map((i) => {
      const tr = document.createElement("tr");
      tr.append(...COLUMNS.map(([name, , numeric]) => cell(name, i, numeric)));
      return tr;
    }));
    byId("rows-count").textContent = `${number.format(found.length)} of ${number.format(height)} rows`;
    byId("rows-page").textContent = `page ${shown.page + 1} of ${pages}`;
    byId("rows-previous").disabled = shown.page === 0;
    byId("rows-next").disabled = shown.page === pages - 1;
    for (const th of byId("rows-table").tHead.rows[0].cells) {
      const mine = th.dataset.name === shown.by;
      th.setAttribute("aria-sort", mine ? (shown.down ? "descending" : "ascending") : "none");
      th.firstChild.textContent = th.dataset.title + (mine ? (shown.down ? " ▾" : " ▴") : "");
    }
  }

  function show({ finding = "", search = "" }) {
    byId("rows-finding").value = finding;
    byId("rows-hazard").value = byId("rows-stance").value = "";
    byId("rows-search").value = search;
    shown.page = 0;
    fill();
    byId("rows").scrollIntoView();
    byId("rows-search").focus({ preventScroll: true });
  }

  function prepareTable() {
    const head = document.createElement("tr");
    for (const [name, title, numeric] of COLUMNS) {
      const th = document.createElement("th");
      th.scope = "col";
      th.dataset.name = name;
      th.dataset.title = title;
      if (numeric) th.className = "n";
      const button = document.createElement("button");
      button.type = "button";
      button.addEventListener("click", () => {
        shown.down = shown.by === name ? !shown.down : Boolean(numeric);
        shown.by = name;
        fill();
      });
      th.append(button);
      head.append(th);
    }
    byId("rows-table").tHead.replaceChildren(head);
    const options = (id, values) => [...new Set(values)].filter((v) => v != null).sort().forEach((v) => byId(id).append(new Option(v, v)));
    options("rows-finding", rows.finding);
    options("rows-hazard", rows.hazard);
    options("rows-stance", rows.stance.map((_, i) => value("stance", i)));
    for (const id of ["rows-finding", "rows-hazard", "rows-stance", "rows-search"]) {
      for (const kind of ["input", "change"]) byId(id).addEventListener(kind, () => { shown.page = 0; fill(); });
    }
    byId("rows-previous").addEventListener("click", () => { shown.page--; fill(); });
    byId("rows-next").addEventListener("click", () => { shown.page++; fill(); });
    for (const button of document.querySelectorAll(".show-rows")) {
      button.addEventListener("click", () => show({ finding: button.dataset.finding }));
    }
    fill();
  }

  if (byId("rows-table")) prepareTable();
  draw();
  for (const id of ["map-colour", "map-hazard", "map-plain", "map-exemplars"]) byId(id)?.addEventListener("change", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("print").addEventListener("change", draw);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
})();
