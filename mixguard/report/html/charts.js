"use strict";
// The charts; `charts.draw` redraws them all.
const charts = (() => {
  const { byId, colour, data, number } = page;
  const STANCES = ["refused", "partly refused", "answered", "not judged"];
  const STANCE_COLOURS = ["refused", "half", "answered", "unjudged"];
  const STANCE_POINTS = ["rectRot", "triangle", "circle", "crossRot"];
  const drawn = [];

  // Histograms: bars of equal width between two bounds, with the limit as a line, named above the bars.
  const limitLine = {
    id: "limit",
    afterDatasetsDraw(chart, _, options) {
      if (options.at === undefined) return;
      const { ctx, chartArea: { left, right, top, bottom } } = chart;
      const x = left + (right - left) * options.at;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colour("ink");
      ctx.setLineDash([5, 4]);
      ctx.beginPath();
      ctx.moveTo(x, top - 4);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      ctx.textAlign = options.at > 0.85 ? "right" : options.at < 0.15 ? "left" : "center";
      ctx.fillText(`limit ${options.value}`, x, top - 9);
      ctx.restore();
    },
  };

  // Each hazard's code, at the median of its violating exemplars.
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
          backgroundColor: edges.map((edge) => colour(edge + step / 2 >= limit ? "accent" : "unjudged")),
          barPercentage: 1, categoryPercentage: 0.94,
        }],
      },
      options: {
        animation: false, maintainAspectRatio: false,
        layout: { padding: { top: 22 } },
        plugins: {
          legend: { display: false },
          limit: at >= 0 && at <= 1 ? { at, value: String(Number(limit.toPrecision(2))) } : {},
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

  // The map: exemplars in the background, exchanges on top. No hazard is red: red is for answers.
  const hue = (i, count) => `hsl(${Math.round(45 + (270 * i) / count)} 60% ${matchMedia("(prefers-color-scheme: dark)").matches ? 62 : 42}%)`;

  // Point shapes in a 12-unit box; a square stands for a colour in any shape.
  const SHAPES = {
    circle: "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10z", rectRot: "M6 1l5 5l-5 5l-5-5z", triangle: "M6 1l5 9h-10z",
    crossRot: "M2 2l8 8M10 2l-8 8", square: "M1 1h10v10h-10z",
  };

  function legendEntry({ label, shape, tone }) {
    const entry = document.createElement("span");
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    mark.setAttribute("viewBox", "0 0 12 12");
    mark.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const cross = shape === "crossRot";
    for (const [name, value] of Object.entries({ d: SHAPES[shape], fill: cross ? "none" : tone, stroke: cross ? tone : "none", "stroke-width": 2 })) {
      path.setAttribute(name, value);
    }
    mark.append(path);
    entry.append(mark, label);
    return entry;
  }

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
      key: { shape: violating ? "circle" : "crossRot", tone: colour("exemplar") },
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
        // A cross is all border.
        pointBorderColor: key < 0 ? "transparent" : points.map((point) => (point.stance === 3 ? tone : colour("card"))),
        borderWidth: key < 0 ? 0 : 1,
        key: { shape: key < 0 ? "circle" : byHazard ? "square" : STANCE_POINTS[key], tone },
      };
    });
    const places = codes.flatMap((name, hazard) => {
      const own = exemplars.id.map((_, i) => i).filter((i) => exemplars.hazard[i] === hazard && exemplars.violating[i]);
      const shown = own.length && byId("map-exemplars").checked && (!wanted || wanted === name);
      return shown ? [{ name, x: middle(own.map((i) => exemplars.x[i])), y: middle(own.map((i) => exemplars.y[i])) }] : [];
    });
    const ends = { min: -0.02, max: 1.02, display: false };
    const entries = [...ground, ...upon].filter((set) => set.data.length).map((set) => ({
      label: `${set.label} ${number.format(set.data.length)}`, ...set.key,
    }));
    const stances = byHazard ? [...new Set(upon.flatMap((set) => set.data.filter((point) => point.hazard >= 0).map((point) => point.stance)))].sort() : [];
    entries.push(...stances.map((stance) => ({ label: STANCES[stance], shape: STANCE_POINTS[stance], tone: colour("ink") })));
    byId("map-legend").replaceChildren(...entries.map(legendEntry));
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
          if (point && byId("rows-search")) rows.show({ search: point.told.split("  ").pop() });
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

  return { draw };
})();
