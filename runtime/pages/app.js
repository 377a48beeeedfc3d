// app.js - what pages do on top of working without it: live progress, filters, countdowns. No page needs it.
"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));

  // Kept for this window, where the browser keeps anything. value: null takes it away. -> what was there.
  function store(name, value) {
    try {
      const before = sessionStorage.getItem(name);
      if (value === null) sessionStorage.removeItem(name); else sessionStorage.setItem(name, value);
      return before;
    } catch (problem) { return null; }
  }

  // The page shows another state than the service has: load it anew. Text of the same state is changed in place.
  function live(main) {
    const shown = main.dataset.state, text = document.querySelector("[data-progress]");
    let asking = false, gone = false, heard = false, turn = 0;
    async function look() {
      if (asking || gone) return;
      asking = true;
      try {
        const answer = await fetch(main.dataset.live + "/state", { headers: { Accept: "application/json" }, cache: "no-store" });
        if (answer.ok) {
          const now = await answer.json();
          if (now.state !== shown) { gone = true; store("went on", "yes"); location.replace(location.href); }
          else if (text && now.text && text.textContent !== now.text) { text.lang = now.lang; text.textContent = now.text; }
        }
      } catch (problem) { /* offline: the next event or turn looks again */ }
      asking = false;
    }
    const events = new EventSource(main.dataset.live + "/events");
    events.onmessage = () => { heard = true; look(); };
    // A proxy may keep the events to itself: the service says something at once, so whoever hears nothing asks more often.
    setInterval(() => { turn++; if (!heard || turn % 3 === 0) look(); }, 3000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
    addEventListener("pagehide", () => events.close());
  }

  // "in {n|# minute|# minutes}", as messages have it, with its count.
  function counted(text, count) {
    return text.replace(/\{\w+\|([^|}]*)\|([^|}]*)\}/g, (all, one, other) => (count === 1 ? one : other).replaceAll("#", count));
  }

  // <p data-until="epoch" data-counted="... {n|# minute|# minutes} ..." data-short="...">: minutes left, told rarely.
  function until(place) {
    const end = Number(place.dataset.until) * 1000, skew = Number(document.documentElement.dataset.now) * 1000 - Date.now();
    const show = () => {
      const left = end - Date.now() - skew, n = Math.round(left / 60000);
      const text = left < 60000 ? place.dataset.short : counted(place.dataset.counted, n);
      if (place.textContent !== text) place.textContent = text;
      if (left > -5000) setTimeout(show, left > 90000 ? 15000 : 3000);
    };
    show();
  }

  // <form data-wait="seconds"><div>the button</div><p data-counted="in {seconds|...}"></p></form>: a button that comes after a while.
  function wait(box) {
    const end = Date.now() + Number(box.dataset.wait) * 1000, [button, text] = box.children;
    const show = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      button.hidden = left > 0;
      text.hidden = left <= 0;
      text.textContent = counted(text.dataset.counted, Math.max(left, 0));
      if (left > 0) setTimeout(show, 1000);
    };
    show();
  }

  // <input data-filter="#list">: hides what does not match; the count is said by a live region.
  function filter(input) {
    const list = document.querySelector(input.dataset.filter), items = Array.from(list.children);
    const said = document.querySelector(input.dataset.said), none = document.querySelector(input.dataset.none);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const item of items) {
        const text = (item.dataset.text || item.textContent).toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        if (!item.hidden) count++;
      }
      list.hidden = count === 0;
      if (none) none.hidden = count > 0;
      if (said) said.textContent = counted(said.dataset.counted, count);
    });
  }

  // A password that can be looked at.
  function reveal(input) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    const what = document.createElement("span");
    what.className = "unseen";
    what.textContent = " " + input.labels[0].textContent.trim();
    const name = (hidden) => button.replaceChildren(hidden ? input.dataset.show : input.dataset.hide, what);
    name(true);
    button.setAttribute("aria-controls", input.id);
    button.addEventListener("click", () => {
      const hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      name(!hidden);
    });
    input.form.addEventListener("submit", () => { input.type = "password"; });
    const box = document.createElement("div");
    box.className = "beside";
    input.replaceWith(box);
    box.append(input, button);
  }

  // A form is sent once.
  function once(form) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      if (/\/(f|authorize)\//.test(form.action)) store("went on", "yes");
      for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-busy", "true");
    });
  }

  function copy(button) {
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        if (button.dataset.copied) button.textContent = button.dataset.copied;
      } catch (problem) { /* no permission: the text is on the page */ }
    });
  }

  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  all("main[data-live]").forEach(live);
  all("[data-until]").forEach(until);
  all("[data-wait]").forEach(wait);
  all("[data-filter]").forEach(filter);
  all("input[data-show]").forEach(reveal);
  all("form[method=post]").forEach(once);
  all("[data-copy]").forEach(copy);
  // What comes after the page went on, or after a form of the customer's, is read out: the text box has the focus, else what is wrong, else the heading.
  const first = document.querySelector("[data-focus]"), wentOn = store("went on", null), heading = document.querySelector("h1");
  if (first) first.focus();
  else if (wentOn && heading && !document.querySelector("[autofocus]")) { heading.tabIndex = -1; heading.focus(); }
})();
