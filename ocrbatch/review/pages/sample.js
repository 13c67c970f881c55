// The blind sample: accepted fields are keyed once more, and nothing tells what was read.
import {$, Pictures, alarm, hearMarks, markOf, post, rememberWho, showMarks, showPictures, tell} from './common.js';

const pictures = new Pictures();
let current = null;

const percent = (share) => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)}%`;

async function next() {
  try {
    const told = await post('/api/sample', {});
    show_estimate(told);
    current = told.field;
  } catch (error) {
    alarm(error.message);
    return;
  }
  $('desk').hidden = !current;
  $('done').hidden = Boolean(current);
  $('main').dataset.key = current?.key ?? '';
  if (!current) return tell(`${$('done').textContent} ${$('estimate').textContent}`);
  const field = current;
  $('name').textContent = `${field.field} of ${field.form}`;
  $('where').textContent = `${field.file}, page ${field.page}`;
  $('value').value = '';
  showMarks(field);
  $('value').focus();
  tell($('name').textContent);
  pictures.keep([field]);
  await showPictures(pictures, field, () => current === field);
}

function show_estimate(told) {
  $('progress').textContent = `${told.done} of ${told.tonight} keyed tonight`;
  const open = told.open ? `, ${told.open} of them still to be settled in review` : '';
  $('estimate').textContent = told.keyed
    ? `Of ${told.keyed} accepted fields keyed until now, ${told.wrong + told.open} differ${open}: `
      + `${percent(told.error)} wrong, at most ${percent(told.bound)} with 95% confidence.`
    : 'No accepted field has been keyed yet.';
}

async function key(value) {
  if (!current) return;
  const field = current;
  current = null;
  try {
    await post('/api/sample/key', {key: field.key, value});
    alarm('');
    await next();
  } catch (error) {
    current = field;
    alarm(`Not saved: ${error.message}. Try again.`);
  }
}

$('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  const value = $('value').value.trim();
  value ? key(value) : tell('Key the digits first; B says that it is blank or not readable');
});
$('value').addEventListener('keydown', (event) => {
  if (event.key.length !== 1 || /[0-9 ]/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (event.repeat) return;
  const mark = markOf(event.key.toLowerCase());
  if (mark) key(mark);
  else if (event.key.toLowerCase() === 'b') key('');
});
hearMarks(key);
$('blank').addEventListener('click', () => key(''));
rememberWho();
next();
