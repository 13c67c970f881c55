// The digit sheet: every cell that was accepted as one digit, to find the wrong one among them at a glance.
import {$, alarm, ask, picture, post, rememberWho, tell} from './common.js';

let digit = new URLSearchParams(location.search).get('digit') ?? '7';
let start = 0;
let sheet = {cells: [], all: 0, step: 1};
let turn = 0;

async function show() {
  const own = ++turn;
  history.replaceState(null, '', `?digit=${digit}`);
  for (const button of $('choice').children) button.setAttribute('aria-pressed', button.dataset.digit === digit);
  try {
    sheet = await ask(`/api/digits/${digit}?start=${start}`);
  } catch (error) {
    return alarm(error.message);
  }
  if (own !== turn) return;
  for (const image of $('cells').querySelectorAll('img')) URL.revokeObjectURL(image.src);
  const buttons = sheet.cells.map(button_of);
  $('cells').replaceChildren(...buttons);
  const end = start + sheet.cells.length;
  $('range').textContent = sheet.all ? `${start + 1} to ${end} of ${sheet.all}` : `No ${digit} was accepted`;
  $('before').disabled = !start;
  $('after').disabled = end >= sheet.all;
  $('main').dataset.ready = '';
  tell(`The digit ${digit}: ${$('range').textContent}`);
  // A finger for the keyboard: only one picture is in the row of tabs.
  if (buttons.length) point(buttons[0]);
  await Promise.all(buttons.map((button, place) => draw(button, sheet.cells[place], own)));
  if (own === turn) $('main').dataset.ready = `${digit} ${start}`;
}

function button_of(cell) {
  const button = document.createElement('button');
  const image = document.createElement('img');
  button.type = 'button';
  button.tabIndex = -1;
  button.setAttribute('aria-pressed', cell.sent);
  image.alt = `${digit} in ${cell.field} of ${cell.file}, page ${cell.page}, cell ${cell.cell + 1}, `
    + `${Math.floor(cell.confidence * 1000) / 10}% sure`;
  button.title = image.alt;
  button.append(image);
  button.addEventListener('click', () => send(button, cell));
  return button;
}

async function draw(button, cell, own) {
  try {
    const {url} = await picture(`/cell/${cell.key}/${cell.cell}`);
    own === turn ? button.firstChild.src = url : URL.revokeObjectURL(url);
  } catch (error) {
    button.title = `${button.title}: ${error.message}`;
  }
}

function point(button, focus = true) {
  for (const other of $('cells').querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  button.tabIndex = 0;
  if (focus) button.focus();
}

async function send(button, cell) {
  point(button);
  const verdict = button.getAttribute('aria-pressed') === 'true' ? 'undone' : 'review';
  try {
    const {sent} = await post('/api/digits', {key: cell.key, verdict});
    [...$('cells').children].forEach((other, place) => {
      if (sheet.cells[place].key === cell.key) other.setAttribute('aria-pressed', sent);
    });
    alarm('');
    tell(sent ? `${cell.field} of ${cell.file} waits for review` : `${cell.field} of ${cell.file} is accepted again`);
  } catch (error) {
    const now = error.body?.field;
    alarm(now ? `Not saved: ${now.said_by || 'somebody'} has settled ${now.field} meanwhile` : `Not saved: ${error.message}`);
  }
}

function turned(step) {
  const next = start + step * sheet.step;
  if (next < 0 || next >= sheet.all) return;
  start = next;
  show();
}

function choose(other) {
  digit = other;
  start = 0;
  show();
}

function row_length(buttons) {
  const first = buttons[0].offsetTop;
  const next = buttons.findIndex((button) => button.offsetTop !== first);
  return next < 0 ? buttons.length : next;
}

addEventListener('keydown', (event) => {
  if (event.target.id === 'who' || event.ctrlKey || event.metaKey || event.altKey) return;
  const buttons = [...$('cells').children];
  const here = buttons.indexOf(document.activeElement);
  const steps = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: buttons.length && row_length(buttons), ArrowUp: buttons.length && -row_length(buttons)};
  if (/^[0-9]$/.test(event.key)) choose(event.key);
  else if (event.key === 'PageDown') turned(1);
  else if (event.key === 'PageUp') turned(-1);
  else if (event.key in steps && here >= 0) {
    const next = buttons[here + steps[event.key]];
    if (next) point(next);
  } else return;
  event.preventDefault();
});
for (const button of $('choice').children) button.addEventListener('click', () => choose(button.dataset.digit));
$('before').addEventListener('click', () => turned(-1));
$('after').addEventListener('click', () => turned(1));
rememberWho();
show();
