/** What FlowEngine says of a node type. */
export interface FlowEngineNodeType {
  readonly type: string;
  readonly description: string;
  readonly category: string;
}

/** Every node type of FlowEngine. */
export const NODE_TYPES = [
  { type: 'http.request', description: 'Make HTTP requests', category: 'http' },
  { type: 'debug.log', description: 'Log values for debugging', category: 'debug' },
  { type: 'time.delay', description: 'Wait, and pass the inputs on', category: 'time' },
  { type: 'transform.json_parse', description: 'Parse a JSON text', category: 'transform' },
  { type: 'transform.json_stringify', description: 'Write a value as JSON text', category: 'transform' },
  { type: 'shell.exec', description: 'Run a program or a shell command', category: 'shell' },
  { type: 'docker.run', description: 'Run a container; needs a Docker backend', category: 'docker' },
  { type: 'api.call', description: 'Run a Python script in a micro-VM; needs a Zypi backend', category: 'api' },
  { type: 'browser.render', description: 'Render a page in a micro-VM; needs a Zypi backend', category: 'browser' },
  { type: 'zypi.exec', description: 'Run a command in a micro-VM; needs a Zypi backend', category: 'zypi' },
  { type: 'zypi.session_create', description: 'Start a micro-VM that stays; needs a Zypi backend', category: 'zypi' },
] as const satisfies readonly FlowEngineNodeType[];

export type NodeTypeName = (typeof NODE_TYPES)[number]['type'];

const PREFIX = 'flowengine.';
const NAMES: ReadonlySet<string> = new Set(NODE_TYPES.map(({ type }) => type));

export function isNodeType(type: string): type is NodeTypeName {
  return NAMES.has(type);
}

/** Ours work on ports and typed values as FlowEngine's do, and have names of their own beside the native ones. */
export function nativeType(type: NodeTypeName): `flowengine.${NodeTypeName}` {
  return `${PREFIX}${type}`;
}

/** FlowEngine's name of a native type; other types have no other. */
export function typeOfNative(native: string): string {
  return native.startsWith(PREFIX) ? native.slice(PREFIX.length) : native;
}
