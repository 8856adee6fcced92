import { Parser } from 'htmlparser2';

const SILENT: ReadonlySet<string> = new Set(['script', 'style', 'noscript', 'template', 'svg', 'iframe', 'head', 'object']);
const BLOCK: ReadonlySet<string> = new Set(
  'address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th tr ul'.split(
    ' ',
  ),
);

/** What a reader sees of a page: its text, a line per block, without scripts and styles. */
export function pageText(html: string): { readonly title: string; readonly text: string } {
  const pieces: string[] = [];
  let title = '';
  let silent = 0;
  let inTitle = false;
  const parser = new Parser({
    onopentag(name) {
      if (SILENT.has(name)) silent += 1;
      if (name === 'title') inTitle = true;
      if (BLOCK.has(name)) pieces.push('\n');
    },
    ontext(text) {
      if (inTitle) title += text;
      else if (silent === 0) pieces.push(text);
    },
    onclosetag(name) {
      if (SILENT.has(name)) silent -= 1;
      if (name === 'title') inTitle = false;
      if (BLOCK.has(name)) pieces.push('\n');
    },
  });
  parser.end(html);
  const text = pieces
    .join('')
    .split('\n')
    .map((line) => line.replaceAll(/[\s ]+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
  return { title: title.replaceAll(/\s+/g, ' ').trim(), text };
}
