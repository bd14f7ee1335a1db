// Everything that comes from the relay goes into the page as text, never as markup: events are written by strangers.
'use strict';

const svgSpace = 'http://www.w3.org/2000/svg';
const byId = id => document.getElementById(id);

function make(name, options = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === 'class') node.className = value;
    else if (key === 'text') node.textContent = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; unit++; }
  return `${bytes < 10 && unit > 0 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

function time(seconds) {
  if (seconds === null) return 'none';
  if (seconds < 1e-3) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${seconds < 0.01 ? (seconds * 1e3).toFixed(1) : Math.round(seconds * 1e3)} ms`;
  return `${seconds.toFixed(1)} s`;
}

const rate = value => value < 10 ? value.toFixed(1) : short.format(value);

function span(seconds) {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes} min` : `${minutes} min ${Math.floor(seconds) % 60} s`;
}

function tile(name, value, more) {
  const amount = make('dd', { text: value });
  if (more) amount.append(' ', make('small', { text: more }));
  return make('div', {}, make('dt', { text: name }), amount);
}

function showTiles(status) {
  const last = status.samples.at(-1);
  byId('tiles').replaceChildren(
    tile('events stored', whole.format(status.store.events), size(status.store.bytes)),
    tile('accepted', last ? rate(last.accepted) : '0', 'a second'),
    tile('sent', last ? rate(last.sent) : '0', 'a second'),
    tile('connections', whole.format(status.connections), `${whole.format(status.subscriptions)} subscriptions`),
    tile('to OK, median', last ? time(last.answerP50) : 'none', last && last.answerP99 !== null ? `99 % ${time(last.answerP99)}` : ''),
    tile('query, median', last ? time(last.queryP50) : 'none', last && last.queryP99 !== null ? `99 % ${time(last.queryP99)}` : ''));
}

function svg(name, attributes) {
  const node = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function nice(top) {
  if (top <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(top));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= top);
}

// A small line chart: one scale from zero, gaps where nothing was measured.
function chart(title, series, samples, format) {
  const width = 320, height = 110, left = 4, bottom = 16, plot = height - bottom;
  const values = series.flatMap(one => samples.map(one.pick)).filter(value => value !== null);
  const top = nice(Math.max(0, ...values));
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${title}, at most ${format(top)}` });
  for (const part of [0, 0.5, 1]) {
    const y = plot - part * (plot - 12);
    picture.append(svg('line', { x1: 0, x2: width, y1: y, y2: y }));
    if (part > 0) {
      const label = svg('text', { x: left, y: y - 3 });
      label.textContent = format(top * part);
      picture.append(label);
    }
  }
  const begin = samples.length ? samples[0].at : 0;
  const range = Math.max(60000, samples.length ? samples.at(-1).at - begin : 0);
  series.forEach((one, index) => {
    let path = '', drawing = false;
    for (const sample of samples) {
      const value = one.pick(sample);
      if (value === null) { drawing = false; continue; }
      const x = (sample.at - begin) / range * width, y = plot - value / top * (plot - 12);
      path += `${drawing ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
      if (!drawing) path += 'h.1';
      drawing = true;
    }
    picture.append(svg('path', { d: path, class: `s${index}` }));
  });
  const from = svg('text', { x: 0, y: height - 2 }), to = svg('text', { x: width, y: height - 2, 'text-anchor': 'end' });
  if (samples.length) {
    from.textContent = new Date(begin).toLocaleTimeString();
    to.textContent = new Date(begin + range).toLocaleTimeString();
  }
  picture.append(from, to);
  const caption = make('figcaption', {}, make('b', { text: title }));
  series.forEach((one, index) => caption.append(make('span', {}, make('i', { class: `s${index}` }), one.name)));
  return make('figure', {}, caption, picture);
}

function showCharts(samples) {
  byId('charts').replaceChildren(
    chart('A second', [
      { name: 'accepted', pick: s => s.accepted }, { name: 'sent', pick: s => s.sent }, { name: 'queries', pick: s => s.queries },
    ], samples, rate),
    chart('Latency', [
      { name: 'to OK, median', pick: s => s.answerP50 }, { name: 'to OK, 99 %', pick: s => s.answerP99 },
      { name: 'query, median', pick: s => s.queryP50 },
    ], samples, time),
    chart('Memory', [
      { name: 'process', pick: s => s.memoryBytes }, { name: 'caches', pick: s => s.cacheBytes },
    ], samples, size));
}

function part(one) {
  const node = make('div', { class: `part ${one.health}`, title: one.reason || one.health },
    make('b', { text: one.role }), make('span', { text: one.plugin ? `${one.plugin} ${one.version}` : one.detail }));
  if (one.plugin && one.detail) node.append(make('span', { text: one.detail }));
  if (one.reason) node.append(make('span', { text: one.reason }));
  return node;
}

function showStack(status) {
  const wide = one => { const node = part(one); node.classList.add('wide'); return node; };
  byId('layers').replaceChildren(
    make('div', { class: 'layer' }, wide(status.stack.relay)),
    make('div', { class: 'layer' }, wide(status.stack.engine)),
    make('div', { class: 'layer parts' }, ...status.stack.parts.map(part)),
    make('div', { class: 'layer families' }, ...status.stack.families.map(part)));
}

function showFamilies(families) {
  const largest = Math.max(1, ...families.flatMap(f => f.partitions.map(p => Math.max(p.memory, p.disk))));
  byId('families').replaceChildren(...families.map(family => {
    const bars = make('div', { class: 'bars' });
    for (const one of family.partitions.slice(0, 40)) {
      const memory = make('i'), disk = make('i', { class: 'd' });
      memory.style.height = `${Math.round(one.memory / largest * 24)}px`;
      disk.style.height = `${Math.round(one.disk / largest * 24)}px`;
      bars.append(make('span', { class: one.open ? '' : 'closed', title: `${one.name}${one.open ? '' : ' (closed)'}: ${whole.format(one.entries)} entries, ${size(one.memory)} in memory, ${size(one.disk)} on disk` }, memory, disk));
    }
    const count = family.partitions.length;
    const cell = make('td', {}, bars);
    cell.title = count === 1 ? family.partitions[0].name : `${count} partitions`;
    return make('tr', {},
      make('th', { scope: 'row', text: family.name }),
      make('td', { class: 'n', text: whole.format(family.entries) }),
      make('td', { class: 'n', text: size(family.disk) }),
      make('td', { class: 'n', text: size(family.memory) }),
      make('td', { class: 'n', text: family.hitRatio === null ? '' : `${Math.round(family.hitRatio * 100)} %` }), cell);
  }));
}

function show(status) {
  document.title = status.name;
  byId('name').textContent = status.name;
  byId('description').textContent = status.description;
  byId('facts').textContent = `Mortise ${status.version}, up ${span(status.uptimeSeconds)}, NIPs ${status.nips.join(' ')}, `
    + `commit ${whole.format(status.store.lsn)}, durable ${whole.format(status.store.durableLsn)}`;
  const health = byId('health');
  health.textContent = status.ready ? status.health : `${status.health}, not ready`;
  health.className = `pill ${status.health}`;
  showTiles(status);
  showCharts(status.samples);
  showStack(status);
  showFamilies(status.families);
}

async function refresh() {
  try {
    const response = await fetch('dashboard/status');
    if (!response.ok) throw new Error(String(response.status));
    show(await response.json());
  } catch {
    const health = byId('health');
    health.textContent = 'no answer from the relay';
    health.className = 'pill failed';
  }
}

function showAnswer(answer) {
  const events = make('ul', { class: 'events' });
  for (const event of answer.events) {
    const when = new Date(event.created_at * 1000);
    const date = Number.isNaN(when.getTime()) ? String(event.created_at) : when.toISOString().slice(0, 19).replace('T', ' ');
    const summary = make('summary', {}, make('span', { text: date }), make('span', { text: `kind ${event.kind}` }),
      make('span', { text: event.pubkey.slice(0, 10) }), make('em', { text: event.content.slice(0, 300) }));
    const details = make('details', {}, summary, make('pre', { text: JSON.stringify(event, null, 2) }));
    events.append(make('li', {}, details));
  }
  byId('answer').replaceChildren(make('pre', { text: answer.plan.trimEnd() }), ...(answer.events.length ? [events] : []));
}

async function ask(submitted) {
  submitted.preventDefault();
  const button = byId('query').querySelector('button');
  button.disabled = true;
  try {
    const response = await fetch('dashboard/query', { method: 'POST', body: byId('filter').value, headers: { 'Content-Type': 'application/json' } });
    if (!response.ok) throw new Error(await response.text());
    showAnswer(await response.json());
  } catch (failure) {
    byId('answer').replaceChildren(make('p', { class: 'error', role: 'alert', text: failure.message }));
  } finally {
    button.disabled = false;
  }
}

byId('query').addEventListener('submit', ask);
byId('filter').addEventListener('keydown', key => {
  if (key.key === 'Enter' && (key.ctrlKey || key.metaKey)) { key.preventDefault(); byId('query').requestSubmit(); }
});
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
