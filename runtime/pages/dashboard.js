// What a script adds to the dashboard: copying, a file into a text area, times in the reader's own zone, news.
"use strict";
document.documentElement.classList.add("scripted");
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const input = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
    } catch {
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
for (const file of document.querySelectorAll("[data-into]")) {
  file.addEventListener("change", async () => {
    if (file.files[0]) document.getElementById(file.dataset.into).value = await file.files[0].text();
  });
}
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) continue;
  time.title = time.textContent;
  time.textContent = at.toLocaleString("en-GB", { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
}

// What was said once is not said again by a reload.
const here = new URL(location.href);
if (here.searchParams.has("said")) {
  here.searchParams.delete("said");
  history.replaceState(null, "", here);
}

// A page of data requests says when what it shows has changed; it never moves under the reader's hands.
const main = document.querySelector("main[data-live]");
if (main) {
  const shown = main.dataset.live.split(" ");
  const place = main.querySelector(".changed");
  let events = null;
  const tell = (message) => {
    const about = JSON.parse(message.data);
    if (!place.hidden || !(shown[0] === "*" || shown.includes(about.form) || shown.includes(about.authorization))) return;
    const link = document.createElement("a");
    link.href = location.pathname + location.search.replace(/([?&])said=\w+&?/, "$1");
    link.textContent = "Show it";
    place.hidden = false;
    place.replaceChildren("Something has changed. ", link);
  };
  const listen = () => {
    if (document.hidden && events) {
      events.close();
      events = null;
    } else if (!document.hidden && !events) {
      events = new EventSource("/dashboard/live");
      events.onmessage = tell;
    }
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}
