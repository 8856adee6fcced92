/** The namespace of workflows that came through this API. */
const NAMESPACE = 'flowengine/';
/** Of those whose id is no name: it is spelled in hex. */
const HEX_NAMESPACE = `${NAMESPACE}hex/`;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const HEX = /^(?:[0-9a-f]{2}){1,64}$/;
const MAX_ID_BYTES = 64;

const MAX_NODE_ID = 64;
const NOT_FIRST = /^[0-9-]/;
const NOT_IN_NODE_ID = /[^A-Za-z0-9-]/gu;
const ESCAPE = /_([0-9a-f]{2})/g;

/** Our name of the workflow of an id, whatever text it is; null when the id is empty or too long. */
export function nameOfId(id: string): string | null {
  if (NAME.test(id)) return `${NAMESPACE}${id}`;
  const bytes = Buffer.from(id, 'utf8');
  return bytes.length === 0 || bytes.length > MAX_ID_BYTES ? null : `${HEX_NAMESPACE}${bytes.toString('hex')}`;
}

/** The id of a workflow of ours that came through this API; null for one that did not. */
export function idOfName(name: string): string | null {
  if (!name.startsWith(NAMESPACE)) return null;
  const rest = name.slice(NAMESPACE.length);
  if (NAME.test(rest)) return rest;
  const hex = name.slice(HEX_NAMESPACE.length);
  return name.startsWith(HEX_NAMESPACE) && HEX.test(hex) ? Buffer.from(hex, 'hex').toString('utf8') : null;
}

/** Our id of a node: what may not stand in one is `_` and its bytes in hex. Null when the id is empty or too long. */
export function nativeNodeId(id: string): string | null {
  const native = id.replace(NOT_IN_NODE_ID, escaped).replace(NOT_FIRST, escaped);
  return native === '' || native.length > MAX_NODE_ID ? null : native;
}

/** The id of a node of ours in a workflow that came through this API. */
export function nodeIdOf(native: string): string {
  const bytes = native.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function escaped(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex').replaceAll(/../g, '_$&');
}
