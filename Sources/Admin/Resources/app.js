"use strict";
// Keeps an open page up to date: when the service says that something is new, the page fetches itself and takes over
// what differs. Without this script a reload does the same.
(() => {
  const live = "[data-live], [data-live-list]";
  if (!("EventSource" in window) || !document.querySelector(live)) return;
  const state = document.getElementById("live-state");
  let busy = false;
  let again = false;
  let source;

  const isUsed = (element) => element.contains(document.activeElement);

  // A part that somebody is in the middle of stays as it is until the next time.
  const adopt = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (isUsed(old)) { again = true; return; }
    old.replaceWith(document.adoptNode(fresh));
  };

  const adoptList = (old, fresh) => {
    const known = new Map([...old.children].map((child) => [child.id, child]));
    const wanted = [...fresh.children];
    const ids = new Set(wanted.map((child) => child.id));
    for (const [id, child] of known) if (!ids.has(id)) child.remove();
    wanted.forEach((child, index) => {
      const mine = known.get(child.id);
      if (mine) adopt(mine, child);
      else old.insertBefore(document.adoptNode(child), old.children[index] ?? null);
    });
  };

  const refresh = async () => {
    if (busy || document.hidden) { again = true; return; }
    busy = true;
    again = false;
    try {
      const answer = await fetch(location.href, { headers: { "X-Sluice-Refresh": "1" }, redirect: "error" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll(live)) {
          const fresh = page.getElementById(part.id);
          if (!fresh) continue;
          if (part.hasAttribute("data-live-list")) adoptList(part, fresh); else adopt(part, fresh);
        }
      }
    } catch {
      // The service is gone for now; the stream says when it is back.
    }
    busy = false;
  };

  // What is fetched may be a second old, so the last change of many is looked at once more.
  let later;
  const changed = () => {
    refresh();
    clearTimeout(later);
    later = setTimeout(refresh, 1500);
  };

  const say = (words) => { if (state) state.textContent = " · " + words; };

  const listen = () => {
    source = new EventSource("/events");
    source.addEventListener("open", () => { say("live"); changed(); });
    source.addEventListener("change", changed);
    source.addEventListener("error", () => {
      say("not live, reload to see what is new");
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 15000);
    });
  };

  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) refresh(); });
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  // What only time changes, as the requests of the last minute, nobody says.
  setInterval(refresh, 15000);
  setInterval(() => { if (again) refresh(); }, 1000);
  listen();
})();
