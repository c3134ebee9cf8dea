'use strict';
// Keeps what is on the page fresh: one stream for the tab, closed while nobody looks. It writes text and never markup.
(() => {
  const live = document.getElementById('live');
  if (document.body.className === 'index') { // a list of projects has no stream; nobody who is at it loses the place
    setInterval(() => { if (!document.hidden && document.activeElement === document.body && !scrollY) location.reload(); }, 30000);
    return;
  }
  const events = new URL('api/v1/events', document.currentScript.src); // beside this script, whatever the project
  let stream, last = '', heard = Date.now(), announced = 0, stale = false;

  const say = (text) => { if (live && live.textContent !== text) live.textContent = text; };
  const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
  const note = (event) => { heard = Date.now(); if (event.lastEventId) last = event.lastEventId; say(stale ? '· connected, and nothing newer is known' : '· live'); };

  const cells = (event) => {
    note(event);
    for (const change of JSON.parse(event.data)) {
      for (const element of document.querySelectorAll('[data-cell]')) {
        if (element.dataset.cell !== change.cell) continue;
        element.className = 'state changed ' + change.tone;
        put(element.firstElementChild, change.symbol);
        put(element.lastElementChild, change.state);
        if (change.revision) put(element.parentElement.querySelector('code'), change.revision);
      }
    }
  };

  const whole = (event) => {
    const now = JSON.parse(event.data);
    stale = now.stale;
    note(event);
    put(document.getElementById('fresh'), now.fresh);
    const sentence = document.getElementById('whole');
    if (!sentence || sentence.textContent === now.text) return;
    sentence.textContent = now.text;
    if (Date.now() - announced > 10000) { announced = Date.now(); sentence.setAttribute('aria-live', 'polite'); }
  };

  const open = () => {
    if (stream || document.hidden) return;
    stream = new EventSource(events + (last ? '?last=' + encodeURIComponent(last) : ''));
    stream.addEventListener('cells', cells);
    stream.addEventListener('whole', whole);
    stream.addEventListener('resync', (event) => { note(event); location.reload(); });
    stream.addEventListener('error', () => say('· reconnecting, data may be old'));
  };
  const close = () => { if (stream) stream.close(); stream = undefined; };

  document.addEventListener('visibilitychange', () => document.hidden ? close() : open());
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  setInterval(() => {
    if (document.hidden || Date.now() - heard < 40000) return;
    say('· reconnecting, data may be old');
    heard = Date.now();
    close();
    open();
  }, 5000);
  open();
})();
