// What the page does beyond swapping in what the server rendered: it makes room for new cards,
// keeps what is being read where it is, and says whether the connection lives.
(function () {
  "use strict";
  const CARDS_KEPT = 150;
  const body = document.body;
  let held = [];

  function link(state, words) {
    const element = document.getElementById("link");
    if (!element) return;
    element.className = "link " + state;
    element.lastElementChild.textContent = words;
  }

  // The card that must not move: under the pointer, with the focus, or the first one in view.
  function anchorOf(list) {
    const hovered = list.querySelector(".card:hover");
    if (hovered) return hovered;
    if (list.contains(document.activeElement)) return document.activeElement.closest(".card");
    if (list.scrollTop < 4) return null;
    const top = list.getBoundingClientRect().top;
    return Array.from(list.querySelectorAll(".card")).find((card) => card.getBoundingClientRect().bottom > top) || null;
  }

  function hold() {
    held = Array.from(document.querySelectorAll(".list"), (list) => {
      const anchor = anchorOf(list);
      return { list, id: anchor && anchor.id, top: anchor ? anchor.getBoundingClientRect().top : 0 };
    });
  }

  function restore() {
    for (const { list, id, top } of held) {
      const anchor = id && document.getElementById(id);
      if (anchor) list.scrollTop += anchor.getBoundingClientRect().top - top;
      const surplus = list.querySelectorAll(".card").length - CARDS_KEPT;
      if (surplus > 0) Array.from(list.querySelectorAll(".card")).slice(-surplus).forEach((card) => card.remove());
      tell(list);
    }
    held = [];
  }

  // What is new or changed and cannot be seen: above what is in view, or below it.
  function outOfSight(list) {
    const view = list.getBoundingClientRect();
    const bottom = Math.min(view.bottom, window.innerHeight);
    const fresh = Array.from(list.querySelectorAll(".card.fresh"));
    return {
      above: fresh.filter((card) => card.getBoundingClientRect().bottom < view.top + 8),
      below: fresh.filter((card) => card.getBoundingClientRect().top > bottom - 8),
    };
  }

  function tell(list) {
    const button = document.querySelector('.unread[data-pane="' + list.id + '"]');
    if (!button) return;
    const { above, below } = outOfSight(list);
    button.hidden = above.length + below.length === 0;
    button.textContent = above.length ? "↑ " + above.length + " new above" : "↓ " + below.length + " changed below";
  }

  // A card that is not on the page yet gets an empty place, which the swap then fills.
  function makeRoom(html) {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    for (const card of parsed.querySelectorAll("[data-list]")) {
      const list = document.getElementById(card.dataset.list);
      if (!list || document.getElementById(card.id)) continue;
      const nothing = list.querySelector(".nothing");
      if (nothing) nothing.remove();
      const place = document.createElement(card.tagName);
      place.id = card.id;
      list.prepend(place);
    }
  }

  body.addEventListener("htmx:sseOpen", () => link("on", "live"));
  body.addEventListener("htmx:sseError", () => link("off", "reconnecting"));
  body.addEventListener("htmx:sseClose", () => link("off", "closed"));
  body.addEventListener("htmx:sseBeforeMessage", (event) => {
    const message = event.detail;
    if (message.lastEventId) {
      const live = document.getElementById("live");
      const url = new URL(live.getAttribute("sse-connect"), location.href);
      url.searchParams.set("since", message.lastEventId);
      live.setAttribute("sse-connect", url.pathname + url.search);
    }
    if (message.type === "stale") {
      event.preventDefault();
      location.reload();
    } else if (message.type === "cards") {
      hold();
      makeRoom(message.data);
    }
  });
  body.addEventListener("htmx:sseMessage", (event) => {
    if (event.detail.type === "cards") restore();
  });

  // Seen: the mark of what is new goes once somebody looks at the card.
  function seen(event) {
    const card = event.target.closest && event.target.closest(".card.fresh");
    if (!card) return;
    window.setTimeout(() => {
      card.classList.remove("fresh", "upgraded");
      if (card.parentElement) tell(card.parentElement);
    }, 2000);
  }
  body.addEventListener("focusin", seen);
  body.addEventListener("mouseover", seen);

  document.querySelectorAll(".list").forEach((list) =>
    list.addEventListener("scroll", () => window.requestAnimationFrame(() => tell(list)), { passive: true })
  );
  body.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".unread");
    if (!button) return;
    const { above, below } = outOfSight(document.getElementById(button.dataset.pane));
    const card = above[above.length - 1] || below[0];
    if (card) card.focus();
  });

  // j and k walk through the cards, h and l change the pane, Enter opens, Escape lets go.
  body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    const card = document.activeElement.closest(".card");
    const list = card ? card.parentElement : document.querySelector(".list");
    if (!list) return;
    let next = null;
    if (event.key === "j") next = card ? following(card, "nextElementSibling") : list.querySelector(".card");
    else if (event.key === "k") next = card && following(card, "previousElementSibling");
    else if (event.key === "l") next = document.querySelector("#stories .card");
    else if (event.key === "h") next = document.querySelector("#alerts .card");
    else if (event.key === "Enter" && card === event.target) card.querySelector("h3 a").click();
    else if (event.key === "Escape" && card) document.activeElement.blur();
    else return;
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  function following(card, way) {
    let next = card[way];
    while (next && !next.matches(".card")) next = next[way];
    return next;
  }

  function tick() {
    const clock = document.getElementById("clock");
    if (clock) clock.textContent = new Date().toISOString().slice(11, 19) + " UTC";
  }
  tick();
  window.setInterval(tick, 1000);
})();
