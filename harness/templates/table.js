"use strict";
(() => {
  const PAGE = 25;
  const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e007f}\p{Cs}]/gu;
  const plain = (text) => text.replace(UNSEEN, (one) => "\\u" + one.codePointAt(0).toString(16).padStart(4, "0"));
  const byId = (id) => document.getElementById(id);
  const make = (tag, text) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = plain(text);
    return node;
  };

  const unpack = async () => {
    const bytes = Uint8Array.from(atob(byId("data").textContent.trim()), (one) => one.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };

  // The text with its edits: what went is struck through, what came is underlined.
  const edited = (text, edits) => {
    const node = make("div");
    node.className = "text";
    const points = Array.from(text);
    let at = 0;
    for (const [start, end, put] of edits.slice().sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      node.append(plain(points.slice(at, start).join("")));
      if (end > start) node.append(make("del", points.slice(start, end).join("")));
      if (put) node.append(make("ins", put));
      at = Math.max(at, end);
    }
    node.append(plain(points.slice(at).join("")));
    return node;
  };

  const start = (data) => {
    const rows = data.rows.map((row, order) => {
      const [id, fields, target, clean] = data.cases[row[0]];
      return {
        order, id, fields, clean, condition: data.conditions[row[1]], draw: row[2], state: data.states[row[3]],
        outcome: row[4], edits: row[5] || [], answer: row[6] || "", target: row[7] || target, validity: row[8] || "",
        why: row[9] || "",
      };
    });
    const choice = (select, values) => values.forEach((value) => {
      const option = make("option", value);
      option.value = value;
      select.append(option);
    });
    choice(byId("by-condition"), data.conditions);
    choice(byId("by-state"), data.states.filter((state) => rows.some((row) => row.state === state)));
    let key = "order", falling = false, page = 0, found = rows;

    const line = (row) => {
      const tr = make("tr");
      tr.append(make("td", row.id), make("td", row.condition + (row.draw ? " #" + row.draw : "")));
      const state = make("td", row.state);
      if (row.outcome && row.outcome !== "right" && row.outcome !== "wrong") state.append(make("br"), make("span", row.outcome));
      if (row.why) state.append(make("br"), make("span", row.why));
      tr.append(state);
      if (!data.texts) return tr;
      const text = make("td");
      for (const [field, clean] of Object.entries(row.fields)) {
        const edits = row.edits.filter((one) => one[0] === field).map((one) => one.slice(1));
        if (field === "text" || edits.length) text.append(edited(clean, edits));
      }
      tr.append(text, make("td", row.target), make("td", row.clean), make("td", row.answer));
      return tr;
    };

    const show = () => {
      const body = byId("variants").tBodies[0];
      const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
      page = Math.min(Math.max(page, 0), last);
      body.replaceChildren(...found.slice(page * PAGE, page * PAGE + PAGE).map(line));
      byId("count").textContent = found.length
        ? `${found.length.toLocaleString("en")} variants, page ${page + 1} of ${last + 1}` : "no variant";
      byId("back").disabled = page === 0;
      byId("on").disabled = page === last;
    };

    const choose = () => {
      const condition = byId("by-condition").value, state = byId("by-state").value;
      const words = byId("by-text").value.toLowerCase();
      const holds = (row) => !words || [row.id, row.target, row.clean, row.answer, ...Object.values(row.fields),
        ...row.edits.map((one) => one[3])].some((text) => text.toLowerCase().includes(words));
      found = rows.filter((row) => (!condition || row.condition === condition) && (!state || row.state === state) && holds(row));
      found.sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : a.order - b.order) * (falling ? -1 : 1));
      page = 0;
      show();
    };

    for (const id of ["by-condition", "by-state"]) byId(id).addEventListener("change", choose);
    byId("by-text").addEventListener("input", choose);
    byId("back").addEventListener("click", () => { page -= 1; show(); });
    byId("on").addEventListener("click", () => { page += 1; show(); });
    for (const button of document.querySelectorAll("#variants th button")) {
      button.addEventListener("click", () => {
        falling = key === button.dataset.key && !falling;
        key = button.dataset.key;
        for (const other of document.querySelectorAll("#variants th")) other.removeAttribute("aria-sort");
        button.parentElement.setAttribute("aria-sort", falling ? "descending" : "ascending");
        choose();
      });
    }
    choose();
    byId("browse").hidden = false;
    byId("waiting").hidden = true;
  };

  unpack().then(start).catch((error) => {
    byId("waiting").textContent = "This browser cannot unpack the table (" + error + "); a newer one can.";
  });
})();
