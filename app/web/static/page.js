"use strict";
// Keeps a page fresh: when the server says that there is something new, the page is asked for
// anew and its content put in place. Without this file the page is the same, and stands still.
(() => {
  const RETRY = 15000, SOONEST = 1000;
  let source = null, timer = null, renewing = false, again = false, rested = 0;

  const main = () => document.getElementById("main");

  function keyOf(element) {
    const home = element.closest("[id]");
    if (!home || home === main()) return null;
    const inside = [home, ...home.querySelectorAll("a, summary, [tabindex]")];
    return { id: home.id, at: inside.indexOf(element) };
  }

  function find(key) {
    const home = key && document.getElementById(key.id);
    return home && [home, ...home.querySelectorAll("a, summary, [tabindex]")][key.at];
  }

  function put(fresh) {
    const old = main();
    const key = document.activeElement && old.contains(document.activeElement)
      ? keyOf(document.activeElement) : null;
    for (const each of old.querySelectorAll("details[id]")) {
      const same = fresh.querySelector(`details[id="${CSS.escape(each.id)}"]`);
      if (same) same.open = each.open;
    }
    const scrolled = [...old.querySelectorAll(".scroll[id]")].map((it) => [it.id, it.scrollLeft]);
    const before = document.getElementById("headline")?.textContent;
    old.replaceWith(fresh);
    for (const [id, left] of scrolled) {
      const same = document.getElementById(id);
      if (same) same.scrollLeft = left;
    }
    find(key)?.focus({ preventScroll: true });
    const now = document.getElementById("headline")?.textContent;
    if (now && now !== before) document.getElementById("said").textContent = now;
  }

  async function renew() {
    if (renewing) { again = true; return; }
    renewing = true;
    try {
      const wait = rested - Date.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      const asked = Date.now();
      const answer = await fetch(location.pathname, {
        headers: { accept: "text/html" }, redirect: "manual", cache: "no-store",
      });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("main");
        // A page that takes long to make is asked for seldom.
        rested = asked + Math.max(SOONEST, 10 * (Date.now() - asked));
        document.title = page.title;
        put(document.importNode(fresh, true));
        if (!fresh.dataset.live) stop();
      } else if (answer.status !== 503) {
        // Signed out, or not to be seen any more: the server says which.
        location.reload();
      }
    } catch {
      // The server is away: the stream breaks, too, and is opened again.
    } finally {
      renewing = false;
      if (again) { again = false; renew(); }
    }
  }

  function stop() {
    clearTimeout(timer);
    if (source) source.close();
    source = null;
  }

  function listen() {
    stop();
    const address = main().dataset.live;
    if (!address) return;
    source = new EventSource(address);
    source.onmessage = (event) => {
      if (event.data !== main().dataset.mark) renew();
    };
    source.onerror = () => {
      if (source && source.readyState === EventSource.CLOSED) {
        timer = setTimeout(() => { renew().then(listen); }, RETRY);
      }
    };
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else if (main().dataset.live) listen();
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", listen);
})();
