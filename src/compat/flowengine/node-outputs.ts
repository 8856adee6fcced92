import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';
import { nativeType } from './node-types.js';
import { type TypedValue, typedMembers, typedOf } from './values.js';

type Typing = (value: Json) => TypedValue;

const asJson: Typing = (value) => ({ type: 'Json', value });

/** Ports that have a type whatever goes out of them looks like, by node type. */
const TYPED_PORTS: Readonly<Record<string, Readonly<Record<string, Typing>>>> = {
  [nativeType('http.request')]: {
    headers: (value) => (isJsonObject(value) ? { type: 'Object', value: typedMembers(value) } : typedOf(value)),
  },
  [nativeType('transform.json_parse')]: { parsed: asJson },
  [nativeType('shell.exec')]: { output: (value) => (typeof value === 'string' ? typedOf(value) : asJson(value)) },
};

/** What a step that succeeded has put out, as ports. What is no object is one; of what is too large for the log it is told where it is. */
export function outputsOf({ node_type: type, output, output_ref: ref }: JsonObject): Readonly<Record<string, TypedValue>> {
  if (output === undefined) return ref === undefined ? {} : { output_ref: typedOf(ref) };
  if (!isJsonObject(output)) return { output: typedOf(output) };
  const typing = TYPED_PORTS[String(type)] ?? {};
  return Object.fromEntries(Object.entries(output).map(([port, value]) => [port, (typing[port] ?? typedOf)(value)]));
}
