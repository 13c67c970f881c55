// One field at a time. The next one is shown at once; what was said is saved meanwhile, and tried until it is.
import {
  $, Pictures, Refusal, alarm, ask, hearMarks, markOf, post, rememberWho, showMarks, showPictures, tell,
} from './common.js';

// Few: what one person has ahead, another does not get.
const AHEAD = 3;
const AGAIN = 1500;
const RATE = 5 * 60000;
const DOUBTFUL = 0.98;
const DIGITS = /^[0-9]+( +[0-9]+)*$/;
const MARKS = ['ticked', 'crossed', 'struck out'];
const pictures = new Pictures();
const waiting = [];
const unsaved = [];
const skipping = [];
const times = [];
let current = null;
let left = 0;
let asked = null;
let pressed = 0;

const wanted = () => Object.fromEntries(new FormData($('filters')));
const mine = () => [...(current ? [current] : []), ...waiting, ...unsaved, ...skipping].map((one) => one.key);

async function fill(drop = []) {
  if (asked) return asked;
  asked = (async () => {
    try {
      const have = mine();
      const number = AHEAD - waiting.length + (current ? 0 : 1);
      const {fields, progress} = await post('/api/next', {...wanted(), have, drop, number});
      waiting.push(...fields.filter((field) => !mine().includes(field.key)));
      for (const field of waiting) pictures.of(field);
      show_progress(progress);
    } catch (error) {
      if (error instanceof Refusal) alarm(error.message);
    }
  })();
  await asked;
  asked = null;
}

async function advance() {
  current = null;
  if (!waiting.length) await fill();
  if (current) return;
  const next = waiting.shift();
  if (waiting.length < AHEAD) fill();
  next ? show(next) : finish();
}

function show(field) {
  current = field;
  $('desk').hidden = false;
  $('done').hidden = true;
  $('name').textContent = `${field.field} of ${field.form}`;
  $('where').textContent = `${field.file}, page ${field.page}`;
  $('value').value = field.typed ?? '';
  const sure = Math.floor(field.confidence * 1000) / 10;
  $('reading').textContent = field.value ? `Read ${field.value}, ${sure}% sure` : 'Nothing was read';
  $('reasons').replaceChildren(...field.reasons.map((reason) => item(reason)));
  candidate('first', field.value, field.digit_confidence);
  candidate('second', field.runner_up === field.value ? '' : field.runner_up, []);
  showMarks(field);
  $('notice').hidden = !field.notice;
  $('notice').textContent = field.notice ?? '';
  $('value').focus();
  tell([field.notice, $('name').textContent, $('reading').textContent, ...field.reasons].filter(Boolean).join('. '));
  pictures.keep([field, ...waiting]);
  const began = pressed;
  showPictures(pictures, field, () => current === field).then(() => {
    if (current !== field) return;
    $('main').dataset.key = field.key;
    if (began) $('main').dataset.milliseconds = Math.round(performance.now() - began);
  });
}

function item(text) {
  const line = document.createElement('li');
  line.textContent = text;
  return line;
}

function candidate(id, value, sure) {
  const button = $(id);
  button.hidden = !DIGITS.test(value) && !MARKS.includes(value);
  button.value = value;
  const signs = [...value].map((sign) => Object.assign(document.createElement('b'), {textContent: sign}));
  signs.filter((sign) => sign.textContent !== ' ').forEach((sign, place) => {
    if (sure[place] < DOUBTFUL) sign.className = 'doubt';
  });
  button.lastElementChild.replaceChildren(...signs);
}

function finish() {
  $('desk').hidden = true;
  $('done').hidden = false;
  $('main').dataset.key = '';
  $('done').firstChild.textContent = left
    ? `The last ${left} fields here are before other people. `
    : 'Nothing is left to review here. ';
  tell($('done').firstChild.textContent);
  $('again').focus();
}

function say(verdict, value = '') {
  if (!current) return;
  const field = current;
  const sure = field.sure === value;
  unsaved.push({key: field.key, field, message: {key: field.key, state: field.state, verdict, value, sure}});
  times.push(Date.now());
  left = Math.max(left - 1, 0);
  send();
  advance();
}

let sending = false;
async function send() {
  if (sending) return;
  sending = true;
  while (unsaved.length) {
    const {field, message} = unsaved[0];
    try {
      const {progress} = await post('/api/save', message);
      unsaved.shift();
      alarm('');
      show_progress(progress, true);
    } catch (error) {
      if (error instanceof Refusal && error.status < 500) {
        unsaved.shift();
        bring_back(field, message, error);
      } else {
        alarm(`Not saved yet: ${unsaved.length}. The server does not answer; this is tried again until it does.`);
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
  }
  sending = false;
}

// A field that could not be saved comes back at once, with the reason and what was keyed.
function bring_back(field, message, error) {
  const now = error.body.field ?? field;
  let notice = `Not saved: ${error.message}.`;
  let sure = null;
  if (error.body.reason === 'conflict') {
    const theirs = now.value || now.status;
    notice = `${now.said_by || 'Somebody'} has settled this field meanwhile: ${theirs}. `
      + 'Enter keeps what stands in the line instead, K leaves it as it is.';
  } else if (error.body.reason === 'unlikely') {
    notice = `${message.value || message.verdict}: ${error.body.why}. Answer the same once more if it stands there so.`;
    sure = message.value;
  }
  const again = {...now, notice, sure, typed: DIGITS.test(message.value) ? message.value : ''};
  if (current && !$('value').value && !current.notice) {
    waiting.unshift(current);
    show(again);
  } else if (current) {
    waiting.unshift(again);
    tell(notice);
  } else {
    show(again);
  }
}

async function undo() {
  await settled();
  await skipped;
  try {
    const {field, progress} = await post('/api/undo', {});
    if (!field) return tell('Nothing to undo');
    times.pop();
    show_progress(progress, true);
    const rest = waiting.filter((one) => one.key !== field.key);
    waiting.splice(0, waiting.length, ...(current && current.key !== field.key ? [current] : []), ...rest);
    show(field);
  } catch (error) {
    const now = error.body?.field;
    alarm(now ? `Not undone: ${now.said_by || 'somebody'} has settled ${now.field} since` : error.message);
  }
}

const settled = async () => {
  while (unsaved.length) await new Promise((resolve) => setTimeout(resolve, 50));
};

// What is undone is what was done last: so all must arrive in its order.
let skipped = Promise.resolve();
async function skip() {
  const field = current;
  if (!field) return;
  current = null;
  skipping.push(field);
  skipped = settled().then(() => post('/api/skip', {key: field.key})).catch(() => {}).then(() => skipping.shift());
  advance();
}

let told = 0;
function show_progress(progress, all = false) {
  // What was asked for before another answer was given tells nothing new.
  if (progress.at < told) return;
  told = progress.at;
  if (!all || Object.values(wanted()).every((value) => !value)) left = progress.left;
  const since = Date.now() - RATE;
  while (times.length && times[0] < since) times.shift();
  const minutes = times.length > 1 ? Math.max(Date.now() - times[0], 10000) / 60000 : 0;
  const rate = minutes ? `, ${Math.round(times.length / minutes)} a minute` : '';
  const tables = {written: 'tables up to date', behind: 'tables follow'}[progress.tables] ?? `tables wait: ${progress.tables}`;
  $('progress').textContent = `${left} left, ${progress.settled} settled${rate}; ${tables}`;
}

const KEYS = {
  a: () => $('first').hidden || say('value', $('first').value),
  s: () => $('second').hidden || say('value', $('second').value),
  b: () => say('blank'),
  n: () => say('not readable'),
  k: skip,
  u: undo,
};

$('value').addEventListener('keydown', (event) => {
  pressed = performance.now();
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key.length === 1 && !/[0-9 ]/.test(key)) {
    event.preventDefault();
    if (event.repeat) return;
    const mark = markOf(key);
    mark ? say('value', mark) : KEYS[key]?.();
  }
});
$('value').addEventListener('input', () => {
  $('value').value = $('value').value.replace(/[^0-9 ]/g, '');
});
$('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  pressed = performance.now();
  const value = $('value').value.trim();
  // An Enter too many must not settle a field that nobody has looked at.
  if (value) say('value', value);
  else tell('Key the digits first; A takes what was read');
});
hearMarks((mark) => say('value', mark));
$('again').addEventListener('click', advance);
$('undo-last').addEventListener('click', undo);
// The last answer of all can be taken back too.
$('done').addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() === 'u' && !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat) undo();
});
for (const [id, key] of Object.entries({first: 'a', second: 's', blank: 'b', unreadable: 'n', skip: 'k', undo: 'u'})) {
  $(id).addEventListener('click', () => { pressed = performance.now(); KEYS[key](); });
}
$('filters').addEventListener('change', async () => {
  await settled();
  const drop = mine();
  waiting.length = 0;
  current = null;
  await asked;
  waiting.length = 0;
  await fill(drop);
  advance();
});
addEventListener('beforeunload', (event) => unsaved.length && event.preventDefault());
addEventListener('pagehide', () => {
  const drop = mine();
  if (drop.length) post('/api/next', {drop, number: 0}, true).catch(() => {});
});

rememberWho();
ask('/api/filters').then((found) => {
  for (const [name, texts] of Object.entries(found)) {
    $('filters').elements[name].append(...texts.map((text) => new Option(text, text)));
  }
});
advance();
