// What all pages of the review share. Texts are put in as text only, never as markup.
let token = document.querySelector('meta[name=token]').content;

export const $ = (id) => document.getElementById(id);

// A window has a name of its own: the server hands each field to one window at a time.
export const client = sessionStorage.client ??= Array.from(
  crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export class Refusal extends Error {
  constructor(status, body) {
    super(body.reason ?? 'the server refused that');
    this.status = status;
    this.body = body;
  }
}

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, body);
  return body;
}

export const ask = async (path) => answer(await fetch(path));

const send = (path, message, keepalive) => fetch(path, {
  method: 'POST',
  keepalive,
  headers: {'content-type': 'application/json', 'x-ocrbatch-token': token},
  body: JSON.stringify({client, who: $('who')?.value ?? '', ...message}),
});

// A server that was started again has another token: its page tells it.
async function renewed() {
  const text = await (await fetch('/')).text();
  token = new DOMParser().parseFromString(text, 'text/html').querySelector('meta[name=token]')?.content ?? token;
}

// With ``keepalive``, it is sent even though the page is about to go.
export async function post(path, message, keepalive = false) {
  const response = await send(path, message, keepalive);
  if (response.status !== 403) return answer(response);
  await renewed();
  return answer(await send(path, message));
}

export async function picture(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => ({})));
  return {url: URL.createObjectURL(await response.blob()), scale: Number(response.headers.get('x-scale'))};
}

export function tell(text) {
  $('told').textContent = text;
}

export function alarm(text) {
  $('alert').hidden = !text;
  $('alert').textContent = text;
}

// Pictures of the fields that come next are fetched ahead; those of fields that are gone are let go.
export class Pictures {
  #kept = new Map();

  of(field) {
    const key = field.key;
    if (!this.#kept.has(key)) {
      this.#kept.set(key, {crop: this.#quiet(picture(`/crop/${key}`)), page: this.#quiet(picture(`/page/${key}`))});
    }
    return this.#kept.get(key);
  }

  keep(fields) {
    const wanted = new Set(fields.map((field) => field.key));
    for (const [key, pair] of this.#kept) {
      if (wanted.has(key)) continue;
      this.#kept.delete(key);
      for (const one of [pair.crop, pair.page]) one.then(({url}) => url && URL.revokeObjectURL(url));
    }
  }

  #quiet(promise) {
    return promise.catch((error) => ({problem: error.message}));
  }
}

// Shows a field's crop and its page with the place marked, as long as ``current`` says that it is still wanted.
export async function showPictures(pictures, field, current) {
  const {crop, page} = pictures.of(field);
  page.then((whole) => current() && showPage(whole, field));
  const own = await crop;
  if (!current()) return;
  $('crop').hidden = Boolean(own.problem);
  $('no-crop').hidden = !own.problem;
  $('no-crop').textContent = own.problem ?? '';
  if (own.problem) return;
  $('crop').src = own.url;
  await $('crop').decode().catch(() => {});
}

async function showPage(whole, field) {
  $('sheet').hidden = Boolean(whole.problem);
  if (whole.problem) return;
  const image = $('page');
  image.src = whole.url;
  await image.decode().catch(() => {});
  const [x, y, width, height] = field.box.map((number) => number * whole.scale);
  const around = 4;
  const across = (number) => `${100 * number / image.naturalWidth}%`;
  const down = (number) => `${100 * number / image.naturalHeight}%`;
  Object.assign($('mark').style, {
    left: across(x - around), top: down(y - around), width: across(width + 2 * around), height: down(height + 2 * around),
  });
}

// A mark is told by a key; of a field of digits, the same keys tell nothing.
export function showMarks(field) {
  $('marks').hidden = field.kind !== 'mark';
}

export const markOf = (key) => $('marks').hidden ? null : {t: 'ticked', c: 'crossed', o: 'struck out'}[key];

export function hearMarks(heard) {
  for (const button of $('marks').children) button.addEventListener('click', () => heard(button.value));
}

export function rememberWho() {
  const input = $('who');
  input.value = localStorage.who || input.value;
  input.addEventListener('change', () => { localStorage.who = input.value.trim(); });
  // Enter goes back to work.
  input.addEventListener('keydown', (event) => event.key === 'Enter' && $('value')?.focus());
}
