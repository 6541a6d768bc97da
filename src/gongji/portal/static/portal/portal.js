// The calculator answers while one types; a citation opens its article in place.
"use strict";
(() => {
  const dialog = document.getElementById("article");
  const failed = document.body.dataset.failed;

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a.cite");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const url = new URL(link.href);
    if (!url.pathname.includes("/texts/") || !url.hash) return;
    event.preventDefault();
    try {
      const answer = await fetch(url.pathname + "/" + url.hash.slice(1));
      if (!answer.ok) throw new Error(answer.statusText);
      dialog.querySelector("div").innerHTML = await answer.text();
      dialog.showModal();
    } catch {
      location.href = link.href;
    }
  });

  const form = document.getElementById("question");
  if (!form) return;
  const fields = document.getElementById("fields");
  const answer = document.getElementById("answer");
  let latest = 0;
  let timer = 0;
  const NEEDED = ["date", "total"];
  const NAMED = { line_item: "items", institution: "institutions" };
  // A day is typed part by part: 0002-03-01 is a year on its way, and so is one half emptied.
  const unfinished = (input) => input.type === "date" && (input.validity.badInput || /^0/.test(input.value));
  const listed = (input) => [...document.getElementById(NAMED[input.name]).options].find((one) => [one.value, one.dataset.code].includes(input.value.trim()));

  const rowsOf = (element) => element.closest(".rows");

  function query() {
    const found = new URLSearchParams();
    for (const input of form.querySelectorAll("input[name], select[name]")) {
      if (rowsOf(input) || (input.type === "radio" && !input.checked)) continue;
      const value = input.value.trim();
      // What the visitor emptied is said to be empty: a link that leaves it out has a default.
      if (NEEDED.includes(input.name) || (value && value !== input.dataset.default)) found.append(input.name, value);
    }
    for (const rows of form.querySelectorAll(".rows"))
      for (const row of rows.querySelectorAll(".row"))
        if (row.querySelector(`[name="${rows.dataset.needs}"]`).value.trim())
          for (const input of row.querySelectorAll("[name]")) found.append(input.name, input.value.trim());
    return found.toString();
  }

  function tell(errors) {
    for (const place of fields.querySelectorAll(".error")) {
      const text = errors[place.dataset.field] || "";
      if (place.textContent !== text) place.textContent = text;
      const folded = place.closest("details");
      if (text && folded && !place.dataset.field.startsWith("set.")) folded.open = true;
      const input = place.parentElement.querySelector("input:not([type=radio]), select");
      if (input) input.setAttribute("aria-invalid", text ? "true" : "false");
    }
  }

  // New fields in the place of the old ones; the one that is being typed into stays where it is.
  function replace(text) {
    const made = document.createElement("div");
    made.innerHTML = text;
    const typed = document.activeElement;
    const twin = typed?.id && fields.contains(typed) && typed.matches("input") ? made.querySelector("#" + CSS.escape(typed.id)) : null;
    const kept = path(typed, fields), place = path(twin, made);
    const same = twin && kept.length === place.length && kept.every((one, n) => one.tagName === place[n].tagName);
    if (!same) { fields.replaceChildren(...made.childNodes); return; }
    kept.forEach((inner, n) => {
      const outer = inner.parentNode, from = place[n].parentNode;
      for (const one of [...outer.childNodes]) if (one !== inner) one.remove();
      let before = true;
      for (const one of [...from.childNodes]) {
        if (one === place[n]) before = false;
        else if (before) outer.insertBefore(one, inner);
        else outer.append(one);
      }
    });
  }
  function path(element, root) {
    const found = [];
    for (let one = element; one && one !== root; one = one.parentElement) found.unshift(one);
    return found;
  }
  // A short sentence is read out, not the whole answer.
  function say(text) {
    const live = document.getElementById("told");
    if (live.textContent !== text) live.textContent = text;
  }

  // On a phone the reasons are folded until the visitor opens them; on paper nothing is.
  const narrow = matchMedia("(max-width: 36rem)");
  let reasons = null;
  function unfold() {
    const why = document.getElementById("d-why");
    if (why) why.open = reasons ?? !narrow.matches;
  }
  unfold();
  answer.addEventListener("click", (event) => {
    const folded = event.target.closest("summary")?.parentElement;
    if (folded?.id === "d-why") reasons = !folded.open;
  });
  addEventListener("beforeprint", () => answer.querySelectorAll("details").forEach((one) => { one.open = true; }));
  addEventListener("afterprint", unfold);

  async function ask(asked, whole) {
    const number = ++latest;
    answer.classList.add("waiting");
    let found;
    try {
      const reply = await fetch(form.dataset.part + "?" + asked + (whole ? "&whole=1" : ""));
      if (!reply.ok) throw new Error(reply.statusText);
      found = await reply.json();
    } catch {
      // The answer that is there stays; what is told is that it is not the newest.
      if (number === latest) {
        const told = answer.querySelector(".lost") || document.createElement("p");
        told.className = "lost error";
        told.textContent = failed;
        answer.prepend(told);
        say(failed);
      }
      answer.classList.remove("waiting");
      return;
    }
    if (number !== latest) return;
    answer.classList.remove("waiting");
    answer.innerHTML = found.answer;
    unfold();
    document.getElementById("foot").innerHTML = found.headline;
    say(found.told);
    if (whole || found.key !== form.dataset.key) {
      const focused = document.activeElement?.id;
      const open = new Set([...fields.querySelectorAll("details[open]")].map((one) => one.id));
      if (whole) fields.innerHTML = found.form;
      else replace(found.form);
      form.dataset.key = found.key;
      if (!whole) for (const one of fields.querySelectorAll("details")) one.open ||= open.has(one.id);
      if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
    }
    tell(found.errors);
  }

  form.addEventListener("input", (event) => {
    const input = event.target;
    clearTimeout(timer);
    if (["level", "area"].includes(input.name)) {
      const named = form.querySelector("[name=institution]");
      if (named) named.value = "";
    }
    if (unfinished(input)) return;
    // A name is looked for while it is typed; what it changes is asked once it is one of the list.
    if (NAMED[input.name] && input.value.trim()) { suggest(input); return; }
    if (input.type !== "radio") timer = setTimeout(() => ask(query(), false), 200);
  });

  form.addEventListener("change", (event) => {
    if (event.target.name && unfinished(event.target)) return;
    clearTimeout(timer);
    const asked = query();
    if ("?" + asked !== location.search) history.pushState(null, "", "?" + asked);
    ask(asked, false);
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pick = event.submitter?.name === "total" && event.submitter;
    if (pick) form.querySelector("input[name=total]").value = pick.value;
    form.dispatchEvent(new Event("change"));
    if (pick) return;
    answer.scrollIntoView({ block: "start" });
    answer.focus({ preventScroll: true });
  });

  form.addEventListener("click", (event) => {
    if (!event.target.classList.contains("add")) return;
    const rows = event.target.parentElement.querySelectorAll(".row");
    const last = rows[rows.length - 1];
    const made = last.cloneNode(true);
    for (const part of made.querySelectorAll("[id], [for], [data-field], [aria-describedby]"))
      for (const name of ["id", "for", "data-field", "aria-describedby"])
        if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace(/\.\d+\./, `.${rows.length}.`));
    for (const input of made.querySelectorAll("input")) input.value = "";
    last.after(made);
    made.querySelector("input, select").focus();
  });

  window.addEventListener("popstate", () => ask(location.search.slice(1), true));

  async function suggest(input) {
    const what = NAMED[input.name], words = input.value;
    const area = form.querySelector("select[name=area], [name=area]:checked").value;
    const date = form.querySelector("[name=date]").value;
    const reply = await fetch(form.dataset[what] + "?" + new URLSearchParams({ area, date, words }));
    if (!reply.ok) return;
    const found = (await reply.json()).found;
    if (input.value !== words) return;
    document.getElementById(what).replaceChildren(...found.map((one) => {
      const option = document.createElement("option");
      option.value = what === "items" ? `${one.name}（${one.code}）` : one.name;
      option.dataset.code = one.code;
      return option;
    }));
    if (listed(input)) ask(query(), false);
  }
})();
