// A scan is dropped, read, and shown with its reading over it; what was read stands in a table beside it too.
import {$, alarm, tell} from './common.js';

const NAMESPACE = 'http://www.w3.org/2000/svg';
const AGAIN = 1500;

async function read(file) {
  const form = new FormData();
  form.append('file', file);
  for (;;) {
    $('progress').textContent = `Reading ${file.name} …`;
    const response = await fetch('/read?pictures=true', {method: 'POST', body: form});
    if (response.status !== 503) return {response, body: await response.json().catch(() => ({}))};
    $('progress').textContent = `${file.name} waits: another scan is being read`;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

async function read_all(files) {
  for (const file of files) {
    try {
      const {response, body} = await read(file);
      alarm(body.pages || response.ok ? '' : `${file.name}: ${body.reason ?? 'the server refused it'}`);
      for (const page of body.pages ?? []) $('results').prepend(page_of(body, page));
      const fields = (body.pages ?? []).flatMap((page) => page.fields);
      tell(`${file.name}: ${fields.length} fields on ${body.pages?.length ?? 0} pages`);
    } catch {
      alarm(`${file.name}: the server does not answer`);
    }
  }
  $('progress').textContent = '';
  $('results').dataset.done = Number($('results').dataset.done ?? 0) + files.length;
}

const element = (name, text, kind = '') => Object.assign(document.createElement(name), {textContent: text, className: kind});

function page_of(body, page) {
  const section = element('section', '', 'result');
  const reason = page.reason ? `: ${page.reason}` : '';
  section.append(element('h2', `${body.file}, page ${page.page}: ${page.form || page.status}${reason}`));
  if (page.picture) section.append(drawn(page));
  if (page.fields.length) section.append(table_of(page));
  return section;
}

function drawn(page) {
  const frame = element('div', '', 'drawn');
  const image = document.createElement('img');
  const bytes = Uint8Array.from(atob(page.picture), (sign) => sign.charCodeAt(0));
  image.src = URL.createObjectURL(new Blob([bytes], {type: 'image/jpeg'}));
  image.alt = `Page ${page.page}, what was read is in the table`;
  const svg = document.createElementNS(NAMESPACE, 'svg');
  svg.setAttribute('viewBox', `0 0 ${page.width} ${page.height}`);
  svg.setAttribute('aria-hidden', 'true');
  for (const field of page.fields) svg.append(...outlines(field, page));
  frame.append(image, svg);
  return frame;
}

function outlines(field, page) {
  const shapes = field.cells.map((cell) => {
    const polygon = document.createElementNS(NAMESPACE, 'polygon');
    polygon.setAttribute('points', cell.map((corner) => corner.join(',')).join(' '));
    polygon.setAttribute('class', field.status);
    return polygon;
  });
  const text = document.createElementNS(NAMESPACE, 'text');
  const size = Math.min(Math.max(field.height * 0.45, page.width / 90), page.width / 30);
  text.setAttribute('x', field.x);
  text.setAttribute('y', Math.max(field.y - size * 0.25, size));
  text.setAttribute('font-size', size);
  text.setAttribute('class', field.status);
  text.textContent = field.value ? `${field.value} ${percent(field.confidence)}` : field.status;
  return [...shapes, text];
}

const percent = (share) => `${Math.floor(share * 1000) / 10}%`;

function table_of(page) {
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const name of ['field', 'value', 'sure', 'status', 'reasons']) head.append(element('th', name));
  const body = table.createTBody();
  for (const field of page.fields) {
    const row = body.insertRow();
    const cells = [field.field, field.value, percent(field.confidence), field.status, field.reasons.replaceAll(';', '; ')];
    for (const cell of cells) row.append(element('td', cell));
  }
  return table;
}

$('file').addEventListener('change', () => read_all([...$('file').files]));
for (const name of ['dragover', 'dragleave', 'drop']) {
  addEventListener(name, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop' && event.dataTransfer.files.length) read_all([...event.dataTransfer.files]);
  });
}
