'use strict';
// Keeps what is on the page fresh: one stream for the tab, closed while nobody looks. The stream's words are written as text and
// never as markup; for the rest of the page it asks for the page itself, and takes over what differs.
(() => {
  const live = document.getElementById('live');
  if (document.body.className === 'index') { // a list of projects has no stream; nobody who is at it loses the place
    setInterval(() => { if (!document.hidden && document.activeElement === document.body && !scrollY) location.reload(); }, 30000);
    return;
  }
  const events = new URL('api/v1/events', document.currentScript.src); // beside this script, whatever the project
  let stream, last = '', heard = Date.now(), known = heard, after = 60000, announced = 0, stale = false, asking = false, due;

  const say = (text) => { if (live && live.textContent !== text) live.textContent = text; };
  const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
  const note = (event) => { heard = known = Date.now(); if (event.lastEventId) last = event.lastEventId; say(stale ? '· connected, and nothing newer is known' : '· live'); };

  // Makes what stands here what the page has now. Elements stay, so that nobody loses the place, the focus or what was typed.
  const kept = (name) => name === 'aria-live' || name === 'open';
  const kind = (node) => [node.nodeName, node.id, (node.className || '').split(' ')[0]].join(' ');
  const follow = (here, now) => {
    if (here.isEqualNode(now)) return;
    if (!here.attributes) { here.data = now.data; return; }
    for (const { name } of [...here.attributes]) if (!now.hasAttribute(name) && !kept(name)) here.removeAttribute(name);
    for (const { name, value } of now.attributes) if (here.getAttribute(name) !== value) here.setAttribute(name, value);
    const old = [...here.childNodes], all = [...now.childNodes], least = Math.min(old.length, all.length);
    let first = 0, last = 0; // how many are of the same kind at the beginning and at the end: what came or went is between them
    while (first < least && kind(old[first]) === kind(all[first])) first++;
    while (last < least - first && kind(old.at(-1 - last)) === kind(all.at(-1 - last))) last++;
    for (let i = 0; i < first; i++) follow(old[i], all[i]);
    for (let i = 1; i <= last; i++) follow(old.at(-i), all.at(-i));
    for (const node of all.slice(first, all.length - last)) here.insertBefore(document.importNode(node, true), old[old.length - last] || null);
    for (const node of old.slice(first, old.length - last)) node.remove();
  };

  const refresh = () => {
    if (due || document.hidden) return;
    due = setTimeout(() => {
      due = undefined;
      if (asking) return refresh();
      const request = new XMLHttpRequest(); // its document is parsed without scripts
      request.open('GET', location.href);
      request.responseType = 'document';
      request.onload = () => {
        const now = request.response && request.response.getElementById('main');
        if (!now) return say('· could not be read again, data may be old');
        follow(document.getElementById('main'), now);
        document.title = request.response.title;
      };
      request.onloadend = () => { asking = false; };
      asking = true;
      request.send();
    }, 200);
  };

  // Nobody said for too long that it is still so: then it is not known to be, good or bad.
  const forget = () => {
    if (document.getElementById('old')) return;
    const bar = document.createElement('section'), text = document.createElement('p'), main = document.getElementById('main');
    bar.id = 'old';
    bar.className = 'alarm wait';
    text.textContent = 'Stale: nothing was heard from the reconciler since ' + new Date(known).toLocaleTimeString() + '. States are unknown since then.';
    bar.append(text);
    let any = false;
    for (const element of main.querySelectorAll('.state')) {
      if (element.closest('[data-name="Result"]')) continue; // what is past stays so
      any = true;
      element.className = 'state wait';
      put(element.firstElementChild, '?');
      put(element.lastElementChild, 'unknown');
    }
    for (const element of main.querySelectorAll('.mark.good')) {
      element.className = 'mark wait';
      put(element, 'unknown');
    }
    if (any) put(main.querySelector('.verdict'), 'Unknown.');
    main.querySelector('h1').after(bar);
  };

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
    refresh();
  };

  const whole = (event) => {
    const now = JSON.parse(event.data);
    stale = now.stale;
    after = now.after * 1000;
    note(event);
    refresh();
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
    if (!document.hidden && after && Date.now() - known > after) forget();
    if (document.hidden || Date.now() - heard < 40000) return;
    say('· reconnecting, data may be old');
    heard = Date.now();
    close();
    open();
  }, 2000);
  open();
})();
